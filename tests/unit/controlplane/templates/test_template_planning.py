"""Planning: loops, conditions, children, scopes, and who waits for whom."""

from __future__ import annotations

import pytest

from controlplane.json_object import Json
from controlplane.templates.language.failure import TemplateError
from controlplane.templates.language.scope import Deployment, Scope
from tests.unit.controlplane.templates.template_world import (
    DEPLOYMENT,
    THINGS,
    body_of,
    names,
    outputs_of,
    planned,
    resource,
    template,
)

LOOP = {"name": "many", "count": 3}


# --------------------------------------------------------------------------------------------------------------- loops


def test_a_loop_makes_each_resource_with_its_index() -> None:
    found = planned(
        template(
            resource("[format('vm{0}', copyIndex(1))]", copy=LOOP, properties={"i": "[copyIndex()]"}),
            resource("all", "many"),
        )
    )
    assert names(found.resources) == ["vm1", "vm2", "vm3", "all"]
    assert [(each.loop, each.index) for each in found.resources] == [
        ("many", 0),
        ("many", 1),
        ("many", 2),
        (None, None),
    ]
    assert body_of(found, "vm2") == {"properties": {"i": 1}}
    assert found.resources[3].after == (f"{THINGS}/vm1", f"{THINGS}/vm2", f"{THINGS}/vm3")


def test_a_loop_may_make_nothing() -> None:
    found = planned(template(resource("a", copy={"name": "none", "count": 0}), resource("b", "none")))
    assert [(each.name, each.after) for each in found.resources] == [("b", ())]


def test_a_serial_loop_goes_batch_by_batch() -> None:
    loop = {"name": "many", "count": 5, "mode": "Serial", "batchSize": 2}
    found = planned(template(resource("[concat('x', copyIndex())]", copy=loop)))
    waits = {each.name: [id.rpartition("/")[2] for id in each.after] for each in found.resources}
    assert waits == {"x0": [], "x1": [], "x2": ["x0", "x1"], "x3": ["x0", "x1"], "x4": ["x2", "x3"]}


def test_properties_are_made_by_loops_beside_that_of_the_resource() -> None:
    disks = {
        "copy": [
            {"name": "disks", "count": 2, "input": {"lun": "[copyIndex('disks')]", "vm": "[copyIndex()]"}},
            {"name": "empty", "count": "[length(createArray())]", "input": 1},
        ],
        "size": 1,
    }
    found = planned(template(resource("[concat('vm', copyIndex())]", copy=LOOP, properties={"profile": disks})))
    made = body_of(found, "vm1")["properties"]["profile"]
    assert made == {"disks": [{"lun": 0, "vm": 1}, {"lun": 1, "vm": 1}], "empty": [], "size": 1}


def test_a_property_that_is_only_called_copy_stays() -> None:
    found = planned(template(resource("a", properties={"copy": {"source": "x"}, "inner": {"copy": ["a"]}})))
    assert body_of(found, "a")["properties"] == {"copy": {"source": "x"}, "inner": {"copy": ["a"]}}


def test_variables_and_outputs_are_made_by_loops() -> None:
    variables = {
        "copy": [{"name": "names", "count": 3, "input": "[concat('n', copyIndex('names', 1))]"}],
        "object": {"copy": [{"name": "inner", "count": 2, "input": "[copyIndex('inner')]"}]},
    }
    outputs = {
        "names": {"type": "array", "value": "[variables('names')]"},
        "inner": {"type": "array", "value": "[variables('object').inner]"},
        "looped": {"type": "array", "copy": {"count": 2, "input": "[variables('names')[copyIndex()]]"}},
    }
    found = outputs_of(planned(template(variables=variables, outputs=outputs)))
    assert found == {"names": ["n1", "n2", "n3"], "inner": [0, 1], "looped": ["n1", "n2"]}


@pytest.mark.parametrize(
    ("loop", "told"),
    [
        ({"name": "many", "count": -1}, "between '0' and '800'"),
        ({"name": "many", "count": 801}, "between '0' and '800'"),
        ({"name": "many", "count": "3"}, "must be an integer"),
        ({"count": 1}, "must have a name"),
        ({"name": "many", "count": 1, "mode": "Zigzag"}, "'Parallel' or 'Serial'"),
        ({"name": "many", "count": 1, "mode": "Serial", "batchSize": 0}, "batchSize"),
        ([], "must be an object"),
    ],
)
def test_a_loop_that_cannot_be_is_refused(loop: Json, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        planned(template(resource("a", copy=loop)))


def test_an_index_outside_of_a_loop_is_refused() -> None:
    with pytest.raises(TemplateError, match="no copy loop"):
        planned(template(resource("[concat('a', copyIndex())]")))


# ------------------------------------------------------------------------------------------------- children, conditions


def test_children_stand_inside_their_parent_or_beside_it() -> None:
    inside = resource("p", "[resourceId('Contoso.X/things', 'vault')]", kind="parts", properties={"x": 1})
    deeper = resource("q", kind="bolts")
    found = planned(
        template(
            resource("vault", resources=[{**inside, "resources": [deeper]}]),
            resource("vault/b", "vault", kind="Contoso.X/things/parts"),
        )
    )
    assert [each.id.removeprefix(THINGS) for each in found.resources] == [
        "/vault",
        "/vault/parts/p/bolts/q",
        "/vault/parts/p",
        "/vault/parts/b",
    ]
    part = next(each for each in found.resources if each.name == "vault/p")
    assert (part.type, part.after) == ("Contoso.X/things/parts", (f"{THINGS}/vault",))
    assert "resources" not in body_of(found, "vault")


def test_children_of_a_loop_take_part_in_it() -> None:
    child = resource("[concat('c', copyIndex())]", "[concat('p', copyIndex())]", kind="parts")
    found = planned(template(resource("[concat('p', copyIndex())]", copy=LOOP, resources=[child])))
    assert [each.after for each in found.resources if each.name == "p2/c2"] == [(f"{THINGS}/p2",)]


def test_what_a_condition_leaves_out_is_told_and_not_waited_for() -> None:
    found = planned(
        template(
            resource("off", condition="[not(true())]", properties={"x": "[parameters('nobody')]"}),
            resource("on", "off", condition="[equals(1, 1)]"),
        )
    )
    assert [(each.name, each.after) for each in found.resources] == [("on", ())]
    assert found.skipped == (f"{THINGS}/off",)


# -------------------------------------------------------------------------------------------------------- ids and order


@pytest.mark.parametrize(
    ("more", "id"),
    [
        ({"scope": "[resourceId('Contoso.X/things', 'a')]"}, f"{THINGS}/a/providers/A.B/locks/l"),
        ({"scope": "Contoso.X/things/a"}, f"{THINGS}/a/providers/A.B/locks/l"),
        ({"scope": "/subscriptions/s2"}, "/subscriptions/s2/providers/A.B/locks/l"),
        ({"resourceGroup": "other"}, "/subscriptions/s/resourceGroups/other/providers/A.B/locks/l"),
        ({"subscriptionId": "s2", "resourceGroup": "o"}, "/subscriptions/s2/resourceGroups/o/providers/A.B/locks/l"),
        ({"subscriptionId": "s2"}, "/subscriptions/s2/providers/A.B/locks/l"),
    ],
)
def test_a_resource_may_belong_elsewhere(more: Json, id: str) -> None:
    found = planned(template(resource("l", kind="A.B/locks", **more)))
    assert found.resources[0].id == id
    assert found.resources[0].body == {}


def test_a_deployment_to_a_subscription_makes_groups() -> None:
    deployment = Deployment(Scope("s", "t"), "d", DEPLOYMENT.now, "seed", location="westus")
    group = resource("[concat('rg-', deployment().location)]", kind="Microsoft.Resources/resourceGroups")
    lock = resource(
        "l", "[subscriptionResourceId('Microsoft.Resources/resourceGroups', 'rg-westus')]", kind="A.B/locks"
    )
    with pytest.raises(TemplateError, match="not defined"):
        planned(template(group, lock), deployment=deployment)
    found = planned(template(group, {**lock, "dependsOn": ["rg-westus"]}), deployment=deployment)
    assert [each.id for each in found.resources] == [
        "/subscriptions/s/resourceGroups/rg-westus",
        "/subscriptions/s/providers/A.B/locks/l",
    ]
    with pytest.raises(TemplateError, match="not deployed to a resource group"):
        planned(template(resource("[resourceGroup().name]")), deployment=deployment)


def test_resources_stand_behind_what_they_wait_for() -> None:
    found = planned(
        template(
            resource("c", "[resourceId('Contoso.X/things', 'b')]", "Contoso.X/Things/A"),
            resource("b", "a"),
            resource("a"),
        )
    )
    assert names(found.resources) == ["a", "b", "c"]
    assert found.resources[2].after == (f"{THINGS}/b", f"{THINGS}/a")


@pytest.mark.parametrize(
    "name", ["b", "B", "Contoso.X/things/b", "[resourceId('Contoso.X/things', 'b')]", f"{THINGS.upper()}/B", "only"]
)
def test_a_dependency_names_a_resource_in_many_ways(name: str) -> None:
    found = planned(template(resource("a", name), resource("b", copy={"name": "only", "count": 1})))
    assert found.resources[1].after == (f"{THINGS}/b",)


def test_a_circle_is_named_from_end_to_end() -> None:
    with pytest.raises(TemplateError) as refusal:
        planned(template(resource("a", "c"), resource("b", "a"), resource("c", "b"), resource("d", "a")))
    told = str(refusal.value)
    assert "Circular dependency detected on resource" in told
    assert all(f"'{THINGS}/{name}'" in told for name in "abc")
    assert f"'{THINGS}/d'" not in told


def test_names_of_properties_may_be_expressions_and_brackets_escaped() -> None:
    body: Json = {
        "tags": {"[concat('k', 1)]": "[[not one]", "[[k]": "[half"},
        "identity": {"[resourceId('A.B/c', 'd')]": {}},
    }
    found = planned(template(resource("a", **body)))
    assert body_of(found, "a") == {
        "tags": {"k1": "[not one]", "[k]": "[half"},
        "identity": {"/subscriptions/s/resourceGroups/rg/providers/A.B/c/d": {}},
    }


def test_a_value_that_looks_like_an_expression_is_never_taken_for_one() -> None:
    """Not even when it comes from a parameter and passes through the closed form."""
    hostile = "[resourceGroup().id]"
    parameters = {"p": {"type": "object"}}
    written = template(resource("a", properties={"p": "[parameters('p')]"}), parameters=parameters)
    assert body_of(planned(written, {"p": {hostile: [hostile]}}), "a") == {"properties": {"p": {hostile: [hostile]}}}


# --------------------------------------------------------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (template(parameters={f"p{n}": {"type": "int", "defaultValue": 1} for n in range(257)}), "parameters limit"),
        (template(variables={f"v{n}": 1 for n in range(513)}), "variables limit"),
        (template(outputs={f"o{n}": {"type": "int", "value": 1} for n in range(65)}), "outputs limit"),
        (template(*[resource(f"r{n}") for n in range(801)]), "resources limit"),
        (
            template(
                *[resource(f"[concat('r{n}-', copyIndex())]", copy={"name": f"l{n}", "count": 401}) for n in (1, 2)]
            ),
            "resources limit",
        ),
        (template(variables={"v": "[concat('" + "x" * 24_576 + "')]"}), "length limit"),
        (template(variables={"v": "x" * 4_300_000}), "larger than the limit"),
        (template(resource("a", properties={"v": "x" * 1_100_000})), "larger than the limit"),
        (
            template(
                resource("[concat('r', copyIndex())]", copy={"name": "l", "count": 50}, properties={"v": "x" * 100_000})
            ),
            "size of the template",
        ),
    ],
)
def test_a_template_has_its_limits(written: Json, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        planned(written)


def test_up_to_its_limits_a_template_is_planned() -> None:
    written = template(
        *[resource("[concat('r', copyIndex())]", copy={"name": "l", "count": 800})],
        parameters={f"p{n}": {"type": "int", "defaultValue": n} for n in range(256)},
        variables={f"v{n}": f"[variables('v{n + 1}')]" if n < 511 else "end" for n in range(512)},
        outputs={f"o{n}": {"type": "string", "value": "[variables('v0')]"} for n in range(64)},
    )
    found = planned(written)
    assert len(found.resources) == 800
    assert set(outputs_of(found).values()) == {"end"}
