"""What each function of the template language is to return, from its public description in values of our own."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

GROUP_ID = "/subscriptions/s/resourceGroups/rg"

CASES: dict[str, list[tuple[str, Any]]] = {
    # ---------------------------------------------------------------------------------------------------------- array
    "array": [("array(7)", [7]), ("array(createArray(1))", [1]), ("array(null())", [None])],
    "concat": [
        ("concat('disk', 3, '-', true())", "disk3-True"),
        ("concat(createArray(1, 2), createArray('x'))", [1, 2, "x"]),
        ("concat('alone')", "alone"),
    ],
    "contains": [
        ("contains('OneDisk', 'Disk')", True),
        ("contains('OneDisk', 'disk')", False),
        ("contains(createObject('Size', 1), 'size')", True),
        ("contains(createArray('a', 2), 2)", True),
        ("contains(createArray('a', 2), '2')", False),
        ("contains(createArray(createObject('a', 1)), createObject('a', 1))", True),
        ("contains(createArray(1), true())", False),
        ("contains('12345', 34)", True),
    ],
    "createArray": [("createArray()", []), ("createArray(1, 'a', createArray())", [1, "a", []])],
    "empty": [
        ("empty('')", True),
        ("empty(createArray())", True),
        ("empty(createObject('a', 1))", False),
        ("empty(null())", True),
    ],
    "first": [
        ("first('vault')", "v"),
        ("first(createArray(4, 5))", 4),
        ("first('')", ""),
        ("first(createArray())", None),
    ],
    "flatten": [("flatten(createArray(createArray(1, 2), createArray(), createArray(createArray(3))))", [1, 2, [3]])],
    "indexFromEnd": [
        ("indexFromEnd(createArray('a', 'b', 'c'), 1)", "c"),
        ("indexFromEnd(createArray('a', 'b'), 2)", "a"),
    ],
    "indexOf": [
        ("indexOf('backup', 'UP')", 4),
        ("indexOf('backup', 'x')", -1),
        ("indexOf(createArray('a', 'b', 'b'), 'b')", 1),
        ("indexOf(createArray('a'), 'A')", -1),
    ],
    "intersection": [
        ("intersection(createArray(1, 2, 2, 3), createArray(3, 2, 9))", [2, 3]),
        ('intersection(json(\'{"a":1,"b":[1]}\'), json(\'{"a":2,"b":[1]}\'))', {"b": [1]}),
    ],
    "last": [("last('vault')", "t"), ("last(createArray(4, 5))", 5), ("last(createArray())", None)],
    "lastIndexOf": [("lastIndexOf('abcAB', 'ab')", 3), ("lastIndexOf(createArray(1, 2, 1), 1)", 2)],
    "length": [
        ("length('vault')", 5),
        ("length(createArray(1, 2))", 2),
        ("length(createObject('a', 1, 'b', createArray(1, 2)))", 2),
    ],
    "max": [("max(3, 9, -1)", 9), ("max(createArray(3, 9))", 9), ("max(4)", 4)],
    "min": [("min(3, 9, -1)", -1), ("min(createArray(3, 9))", 3)],
    "range": [("range(5, 3)", [5, 6, 7]), ("range(-1, 2)", [-1, 0]), ("range(0, 0)", [])],
    "skip": [("skip(createArray(1, 2, 3), 2)", [3]), ("skip('vault', 9)", ""), ("skip('vault', -1)", "vault")],
    "take": [("take(createArray(1, 2, 3), 2)", [1, 2]), ("take('vault', 99)", "vault"), ("take('vault', 0)", "")],
    "tryGet": [
        ("tryGet(json('{\"a\":{\"B\":[5]}}'), 'a', 'b', 0)", 5),
        ("tryGet(createObject('a', 1), 'x')", None),
        ("tryGet(createArray(1), 1)", None),
        ("tryGet(createObject('a', null()), 'a', 'b')", None),
    ],
    "tryIndexFromEnd": [("tryIndexFromEnd(createArray(1, 2), 2)", 1), ("tryIndexFromEnd(createArray(1, 2), 3)", None)],
    "union": [
        ("union(createArray(1, 2), createArray(2, '2'))", [1, 2, "2"]),
        (
            'union(json(\'{"a":1,"in":{"x":1,"l":[1]}}\'), json(\'{"A":2,"in":{"y":2,"l":[2]}}\'))',
            {"a": 2, "in": {"x": 1, "l": [2], "y": 2}},
        ),
    ],
    # ----------------------------------------------------------------------------------------------------------- cidr
    "cidrHost": [
        ("cidrHost('10.1.2.0/24', 0)", "10.1.2.1"),
        ("cidrHost('10.1.2.0/24', 253)", "10.1.2.254"),
        ("cidrHost('fd00::/64', 1)", "fd00::2"),
        ("cidrHost('10.1.2.4/32', 0)", "10.1.2.4"),
    ],
    "cidrSubnet": [
        ("cidrSubnet('10.1.0.0/16', 24, 5)", "10.1.5.0/24"),
        ("cidrSubnet('fd00::/48', 64, 65535)", "fd00:0:0:ffff::/64"),
    ],
    "parseCidr": [
        (
            "parseCidr('10.1.2.77/23')",
            {
                "network": "10.1.2.0",
                "netmask": "255.255.254.0",
                "broadcast": "10.1.3.255",
                "firstUsable": "10.1.2.1",
                "lastUsable": "10.1.3.254",
                "cidr": 23,
            },
        ),
        ("parseCidr('fd00::/64').lastUsable", "fd00::ffff:ffff:ffff:ffff"),
    ],
    # ----------------------------------------------------------------------------------------------------- comparison
    "coalesce": [
        ("coalesce(null(), createObject(), 1)", {}),
        ("coalesce(null(), null())", None),
        ("coalesce('known', div(1, 0))", "known"),
    ],
    "equals": [
        ("equals('a', 'A')", False),
        ("equals(1, '1')", False),
        ("equals(1, true())", False),
        ('equals(json(\'{"a":[1],"b":2}\'), json(\'{"b":2,"a":[1]}\'))', True),
        ("equals(createArray(1, 2), createArray(2, 1))", False),
    ],
    "greater": [("greater(2, 1)", True), ("greater('B', 'a')", False)],
    "greaterOrEquals": [("greaterOrEquals(2, 2)", True), ("greaterOrEquals('a', 'b')", False)],
    "less": [("less(1, 2)", True), ("less('A', 'a')", True), ("less('b', 'b')", False)],
    "lessOrEquals": [("lessOrEquals(2, 2)", True), ("lessOrEquals('b', 'a')", False)],
    # ----------------------------------------------------------------------------------------------------------- date
    "dateTimeAdd": [
        ("dateTimeAdd('2024-02-29 08:00:00Z', 'P1Y')", "2/28/2025 8:00:00 AM"),
        ("dateTimeAdd('2024-01-31T08:00:00Z', 'P1M')", "2024-02-29T08:00:00Z"),
        ("dateTimeAdd('20240131T080000Z', '-PT90M')", "20240131T063000Z"),
        ("dateTimeAdd('2024-01-31', 'P1W2DT1H', 'yyyy-MM-dd HH')", "2024-02-09 01"),
        ("dateTimeAdd('2024-01-31T08:00:00+02:00', 'PT0S', 'u')", "2024-01-31 06:00:00Z"),
    ],
    "dateTimeFromEpoch": [
        ("dateTimeFromEpoch(1704067199)", "2023-12-31T23:59:59Z"),
        ("dateTimeFromEpoch(-1)", "1969-12-31T23:59:59Z"),
    ],
    "dateTimeToEpoch": [
        ("dateTimeToEpoch('2023-12-31T23:59:59Z')", 1704067199),
        ("dateTimeToEpoch(dateTimeFromEpoch(5))", 5),
    ],
    "utcNow": [
        ("utcNow()", "20260102T030405Z"),
        ("utcNow('yyyy-MM-dd')", "2026-01-02"),
        ("utcNow('d')", "1/2/2026"),
        ("utcNow('M D')", "1 D"),
        ("utcNow('dddd, MMM dd h:mm tt')", "Friday, Jan 02 3:04 AM"),
        ("utcNow('\"at\" HH\\H ss.fff K %d y')", "at 03H 05.000 Z 2 26"),
    ],
    # ----------------------------------------------------------------------------------------------------- deployment
    "deployer": [("deployer().objectId", "o")],
    "deployment": [("deployment().name", "d"), ("deployment().properties.mode", "Incremental")],
    "environment": [("environment().name", "AzureCloud")],
    "parameters": [("parameters('name')", "sql01"), ("PARAMETERS('NAME')", "sql01")],
    "variables": [("variables('seven')", 7)],
    # --------------------------------------------------------------------------------------------------------- lambda
    "filter": [
        ("filter(range(0, 5), lambda('n', greater(lambdaVariables('n'), 2)))", [3, 4]),
        ("filter(createArray('a', 'b'), lambda('x', 'i', equals(lambdaVariables('i'), 1)))", ["b"]),
    ],
    "groupBy": [
        (
            "groupBy(createArray('ox', 'owl', 'bee'), lambda('x', first(lambdaVariables('x'))))",
            {"o": ["ox", "owl"], "b": ["bee"]},
        )
    ],
    "lambda": [("map(createArray(1), lambda('x', lambdaVariables('X')))", [1])],
    "lambdaVariables": [
        (
            "map(range(0, 2), lambda('x', map(range(0, 2), "
            "lambda('y', add(lambdaVariables('x'), lambdaVariables('y'))))))",
            [[0, 1], [1, 2]],
        )
    ],
    "map": [
        (
            "map(createArray('a', 'b'), lambda('x', concat(parameters('name'), lambdaVariables('x'))))",
            ["sql01a", "sql01b"],
        ),
        ("map(createArray('a', 'b'), lambda('x', 'i', lambdaVariables('i')))", [0, 1]),
    ],
    "mapValues": [("mapValues(createObject('a', 1), lambda('v', add(lambdaVariables('v'), 1)))", {"a": 2})],
    "reduce": [
        ("reduce(range(1, 4), 0, lambda('sum', 'n', add(lambdaVariables('sum'), lambdaVariables('n'))))", 10),
        ("reduce(createArray(), 'kept', lambda('a', 'b', 'c', lambdaVariables('b')))", "kept"),
    ],
    "sort": [
        ("sort(createArray(3, 1, 2), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))", [1, 2, 3]),
    ],
    "toObject": [
        ("toObject(createArray('a', 'b'), lambda('x', toUpper(lambdaVariables('x'))))", {"A": "a", "B": "b"}),
        ("toObject(createArray('a'), lambda('x', lambdaVariables('x')), lambda('x', 1))", {"a": 1}),
    ],
    # -------------------------------------------------------------------------------------------------------- logical
    "and": [("and(true(), true(), false())", False), ("and(false(), equals(div(1, 0), 1))", False)],
    "bool": [("bool('TRUE')", True), ("bool(0)", False), ("bool('1')", True), ("bool(true())", True)],
    "false": [("false()", False)],
    "if": [("if(true(), 'yes', div(1, 0))", "yes"), ("IF(false(), 1, null())", None)],
    "fail": [("if(true(), 1, fail('never'))", 1), ("coalesce(null(), 'a', fail('never'))", "a")],
    "not": [("not(false())", True)],
    "or": [("or(false(), true())", True), ("or(true(), equals(div(1, 0), 1))", True)],
    "true": [("true()", True)],
    # -------------------------------------------------------------------------------------------------------- numeric
    "add": [("add(2, -5)", -3)],
    "copyIndex": [("copyIndex()", 4), ("copyIndex(1)", 5), ("copyIndex('LOOP')", 4), ("copyIndex('loop', 10)", 14)],
    "div": [("div(7, 2)", 3), ("div(-7, 2)", -3)],
    "float": [("float('2.5')", 2.5), ("float(3)", 3.0)],
    "int": [("int('-42')", -42), ("int(float('2.9'))", 2), ("int(true())", 1)],
    "mod": [("mod(7, 3)", 1), ("mod(-7, 3)", -1)],
    "mul": [("mul(4, -3)", -12)],
    "sub": [("sub(4, 7)", -3)],
    # --------------------------------------------------------------------------------------------------------- object
    "createObject": [("createObject('a', 1, 'b', createObject())", {"a": 1, "b": {}}), ("createObject()", {})],
    "items": [
        ('items(json(\'{"b":1,"A":2}\'))', [{"key": "A", "value": 2}, {"key": "b", "value": 1}]),
    ],
    "json": [
        ("json('{\"a\":[1,2.5,null,true]}').a", [1, 2.5, None, True]),
        ("json('\"text\"')", "text"),
        ("json('null')", None),
    ],
    "null": [("null()", None)],
    "objectKeys": [("objectKeys(createObject('b', 1, 'a', 2))", ["b", "a"])],
    "shallowMerge": [
        (
            "shallowMerge(createArray(createObject('a', createObject('x', 1)), "
            "createObject('a', createObject('y', 2))))",
            {"a": {"y": 2}},
        )
    ],
    # ------------------------------------------------------------------------------------------------------- resource
    "extensionResourceId": [
        (
            "extensionResourceId(resourceGroup().id, 'Microsoft.Authorization/locks', 'l')",
            f"{GROUP_ID}/providers/Microsoft.Authorization/locks/l",
        )
    ],
    "pickZones": [
        ("pickZones('Microsoft.Compute', 'virtualMachines', 'West US 2')", ["1"]),
        ("pickZones('Microsoft.Compute', 'virtualMachines', 'westeurope', 2, 1)", ["2", "3"]),
        ("pickZones('Microsoft.Compute', 'virtualMachines', 'westus')", []),
    ],
    "reference": [
        ("reference('/subscriptions/s/resourceGroups/rg/providers/A.B/c/d', '2024-01-01').state", "there"),
        ("reference('/subscriptions/s/resourceGroups/rg/providers/A.B/c/d', '2024-01-01', 'Full').location", "westus"),
        (
            "reference('/subscriptions/s/resourceGroups/rg/providers/A.B/c/d', '2024-01-01', 'full').resourceId",
            "A.B/c/d",
        ),
    ],
    "references": [("references('/subscriptions/s/resourceGroups/rg/providers/A.B/c/d')[0].state", "there")],
    "resourceId": [
        ("resourceId('Contoso.X/things/parts', 'a', 'b')", f"{GROUP_ID}/providers/Contoso.X/things/a/parts/b"),
        ("resourceId('Contoso.X/things/parts/', 'a', 'b')", f"{GROUP_ID}/providers/Contoso.X/things/a/parts/b"),
        (
            "resourceId('rg2', 'Contoso.X/things', 'a')",
            "/subscriptions/s/resourceGroups/rg2/providers/Contoso.X/things/a",
        ),
        ("resourceId('s2', 'rg2', 'A.B/c', 'd')", "/subscriptions/s2/resourceGroups/rg2/providers/A.B/c/d"),
    ],
    "subscriptionResourceId": [
        ("subscriptionResourceId('A.B/c', 'd')", "/subscriptions/s/providers/A.B/c/d"),
        ("subscriptionResourceId('s2', 'A.B/c', 'd')", "/subscriptions/s2/providers/A.B/c/d"),
    ],
    "tenantResourceId": [("tenantResourceId('A.B/c/d', 'e', 'f')", "/providers/A.B/c/e/d/f")],
    # ---------------------------------------------------------------------------------------------------------- scope
    "resourceGroup": [("resourceGroup().location", "westus"), ("resourceGroup().Name", "rg")],
    "subscription": [("subscription().subscriptionId", "s"), ("subscription().id", "/subscriptions/s")],
    "tenant": [("tenant().tenantId", "t")],
    # --------------------------------------------------------------------------------------------------------- string
    "base64": [("base64('Grüße')", "R3LDvMOfZQ==")],
    "base64ToJson": [("base64ToJson(base64('{\"a\":1}')).a", 1)],
    "base64ToString": [("base64ToString('R3LDvMOfZQ==')", "Grüße")],
    "dataUri": [("dataUri('Hi')", "data:text/plain;charset=utf8;base64,SGk=")],
    "dataUriToString": [
        ("dataUriToString(dataUri('round trip'))", "round trip"),
        ("dataUriToString('data:,a%20b')", "a b"),
    ],
    "endsWith": [("endsWith('vault01', 'T01')", True), ("endsWith('vault01', 'x')", False)],
    "format": [
        ("format('{0}/{1}{{{0}}}', 'a', 7)", "a/7{a}"),
        ("format('{0:D4}|{0:N0}|{0:X}|{1,5}|{1,-5}|', 1234, 'ab')", "1234|1,234|4D2|   ab|ab   |"),
        ("format('{0} {1} {2}', true(), null(), createArray(1, 'x'))", 'True  [1,"x"]'),
        ("format('{0:000}-{0:#,##0.00}-{1:0.0%}', 1234, float('0.125'))", "1234-1,234.00-12.5%"),
        ("format('{0:E2} {0:F1} {0:C} {0:P0}', 1234)", "1.23E+003 1234.0 $1,234.00 123,400%"),
    ],
    "guid": [
        ("guid('a', 'b')", str(uuid5(UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830"), "a-b"))),
        ("equals(guid('a', 'b'), guid('a-b'))", True),
    ],
    "join": [("join(createArray('a', 2, 'c'), ', ')", "a, 2, c"), ("join(createArray(), '-')", "")],
    "newGuid": [("equals(newGuid(), newGuid())", False), ("length(newGuid())", 36)],
    "padLeft": [("padLeft('7', 3, '0')", "007"), ("padLeft(7, 3)", "  7"), ("padLeft('long', 2)", "long")],
    "replace": [("replace('a-b-A', 'a', 'xx')", "xx-b-A"), ("replace('abc', 'b', '')", "ac")],
    "split": [
        ("split('a,b;c', createArray(',', ';'))", ["a", "b", "c"]),
        ("split('a--b', '-')", ["a", "", "b"]),
        ("split('ab', '')", ["ab"]),
    ],
    "startsWith": [("startsWith('Vault', 'vA')", True)],
    "string": [
        ("string(createObject('a', createArray(1, 'x', true())))", '{"a":[1,"x",true]}'),
        ("string(5)", "5"),
        ("string(false())", "False"),
        ("string(null())", ""),
    ],
    "substring": [
        ("substring('recovery', 2)", "covery"),
        ("substring('recovery', 0, 3)", "rec"),
        ("substring('a', 1)", ""),
    ],
    "toLower": [("toLower('SQL01')", "sql01")],
    "toUpper": [("toUpper('sql01')", "SQL01")],
    "trim": [("trim('  both\t')", "both")],
    "uniqueString": [
        ("uniqueString('/subscriptions/00000000-0000-0000-0000-000000000000', 'resource-id')", "cwvxuqg24sifi"),
        ("length(uniqueString(''))", 13),
        ("equals(uniqueString('a', 'b'), uniqueString('a-b'))", True),
    ],
    "uri": [
        ("uri('https://a.example/x/', 'y/z.json')", "https://a.example/x/y/z.json"),
        ("uri('https://a.example/x', 'y.json')", "https://a.example/y.json"),
        ("uri('https://a.example', 'y.json')", "https://a.example/y.json"),
        ("uri('https://a.example/x/', '/y.json')", "https://a.example/x/y.json"),
    ],
    "uriComponent": [("uriComponent('https://a/b c?d=é')", "https%3A%2F%2Fa%2Fb%20c%3Fd%3D%C3%A9")],
    "uriComponentToString": [("uriComponentToString('https%3A%2F%2Fa%2Fb%20c')", "https://a/b c")],
}

UNFIT: list[tuple[str, str]] = [
    ("fail('it did fail')", "^it did fail$"),
    ("concat('a', createArray())", "all arrays"),
    ("contains('a', createArray())", "only an array"),
    ("createObject('a')", "in turn"),
    ("createObject('a', 1, 'A', 2)", "more than once"),
    ("indexFromEnd(createArray(1), 0)", "out of bounds"),
    ("flatten(createArray(1))", "must be an array"),
    ("min(createArray())", "not empty"),
    ("min(createArray('a'))", "integers"),
    ("range(0, 10001)", "10000"),
    ("range(2147483647, 1)", "2147483647"),
    ("union(createArray(), createObject())", "all objects"),
    ("shallowMerge(createArray(1))", "must be an object"),
    ("tryGet(createArray(1), 'x')", "must be a string"),
    ("indexOf('a', 1)", "only a string"),
    ("cidrSubnet('10.0.0.0/24', 23, 0)", "prefix"),
    ("cidrSubnet('10.0.0.0/24', 25, 2)", "no subnet"),
    ("cidrHost('10.0.0.0/24', 254)", "no host"),
    ("parseCidr('10.0.0.0')", "CIDR"),
    ("less(1, '2')", "both arguments"),
    ("dateTimeAdd('yesterday', 'P1D')", "ISO 8601"),
    ("dateTimeAdd('2024-01-01', 'P')", "ISO 8601"),
    ("dateTimeAdd('2024-01-01', '1 day')", "ISO 8601"),
    ("dateTimeAdd('9999-12-31', 'P1D')", "years 1 to 9999"),
    ("dateTimeToEpoch('2024-02-30')", "ISO 8601"),
    ("dateTimeFromEpoch(999999999999999)", "years 1 to 9999"),
    ("bool('perhaps')", "neither"),
    ("int('4.5')", "64-bit integer"),
    ("int('99999999999999999999')", "64-bit integer"),
    ("float('much')", "not a number"),
    ("div(1, 0)", "zero"),
    ("mod(1, 0)", "zero"),
    ("add(9223372036854775807, 1)", "64 bits"),
    ("mul(9223372036854775807, 2)", "64 bits"),
    ("copyIndex('other')", "no copy loop"),
    ("copyIndex(1, 2)", "name of a loop"),
    ("json('{')", "not valid JSON"),
    ("json('NaN')", "not valid JSON"),
    ("json('1e999')", "not valid JSON"),
    ("json('\"\\ud800\"')", "not valid JSON"),
    ("resourceId('things', 'a')", "fully qualified"),
    ("resourceId('A.B/c', 'd', 'e')", "requires '1' resource name"),
    ("pickZones('A.B', 'c', 'westeurope', 4)", "between 1 and 3"),
    ("base64ToString('not base64!')", "base64"),
    ("base64ToJson(base64('{'))", "valid JSON"),
    ("dataUriToString('https://x')", "not a data URI"),
    ("format('{0}')", "less than the size"),
    ("format('{')", "correct format"),
    ("format('{0:Q}', 1)", "specifier was invalid"),
    ("join(createArray(createArray()), ',')", "must be strings"),
    ("padLeft('a', 3, 'xy')", "single character"),
    ("replace('a', '', 'b')", "not be empty"),
    ("substring('abc', 2, 5)", "location within the string"),
    ("uri('relative', 'x')", "absolute"),
    ("filter(createArray(1), lambda('x', 1))", "return a boolean"),
    ("groupBy(createArray(1), lambda('x', 1))", "return strings"),
    ("reduce(createArray(1), 0, lambda('x', 1))", "takes 2 or 3"),
    ("map(createArray(1), lambda(5))", "takes 1 or 2"),
    ("map(createArray(1), lambda('x', lambdaVariables('y')))", "no lambda"),
]
"""Arguments of the right type that a function refuses, and a word of why."""
