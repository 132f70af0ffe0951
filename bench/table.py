"""Prints the results that are there as the table of the README: `python -m bench.table`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from statistics import median

from bench.report import RESULTS, say
from controlplane.json_object import Json

HEAD = "| measured | against | result | aim |\n|---|---|---|---|"


def table(results: Mapping[str, Json]) -> str:
    """Rows of every measurement there is a result of, below them the machine."""
    rows = [row for name, rows_of in ROWS.items() if name in results for row in rows_of(results[name])]
    machines = sorted({_machine(result["machine"]) for result in results.values()})
    return "\n".join([HEAD, *rows, "", f"On {'; '.join(machines)}."])


def _startup(result: Json) -> Iterator[str]:
    aim, numbers = result["aims"][0], result["numbers"]
    peer, handler = numbers["peer_milliseconds"]["median"], numbers["handler_milliseconds"]["median"]
    yield _row(
        "handler, from its start to its first request to the guest",
        f"`python -I -c 'import json, ssl, http.client'`, {peer:.0f} ms",
        f"{aim['value']:.2f} times, {handler:.0f} ms",
        f"at most {aim['limit']:g} times",
    )


def _freeze(result: Json) -> Iterator[str]:
    for aim, window in zip(result["aims"], result["numbers"]["windows"], strict=True):
        backup, bare = window["backup_milliseconds"]["median"], window["bare_milliseconds"]["median"]
        yield _row(
            aim["name"],
            f"bare client with the same requests, {bare:.1f} ms",
            f"{window['ratio']:.2f} times, {backup:.1f} ms",
            "at most 2 times + 5 ms",
        )


def _transfer(result: Json) -> Iterator[str]:
    rates = result["numbers"]["throughput"]["mebibytes_per_second"]
    bare = max(rate for name, rate in rates.items() if name.startswith("bare"))
    for aim in result["aims"]:
        name = aim["name"].partition(" / ")[0]
        if name in rates:
            yield _row(
                f"{name}, dense disk",
                f"bare `http.client` loop, {bare:.0f} MiB/s",
                f"{aim['value']:.2f} times, {rates[name]:.0f} MiB/s",
                f"at least {aim['limit']:g} times",
            )
    peaks = result["numbers"]["memory"]["peak_mebibytes"]
    limit = next(aim["limit"] for aim in result["aims"] if aim["unit"] == "MiB")
    for kind in ("sparse", "dense"):
        peaks_of_kind = {name.removeprefix(f"{kind} "): peak for name, peak in peaks.items() if name.startswith(kind)}
        sizes, mebibytes = ", ".join(peaks_of_kind), ", ".join(f"{peak:.0f}" for peak in peaks_of_kind.values())
        yield _row(f"peak memory, {kind} disk of {sizes}", "", f"{mebibytes} MiB", f"at most {limit:.0f} MiB, flat")


def _template(result: Json) -> Iterator[str]:
    milliseconds, peaks = result["numbers"]["milliseconds"], result["numbers"]["peak_mebibytes"]
    few, many = milliseconds
    growth, time, memory = result["aims"]
    yield _row(
        f"plan of a template with {many} resources in copy loops",
        f"the same with {few}, {milliseconds[few]:.0f} ms",
        f"{growth['value']:.1f} times, {milliseconds[many]:.0f} ms, {peaks[many]:.0f} MiB",
        f"at most {growth['limit']:g} times, {time['limit']:g} s, {memory['limit']:g} MiB",
    )


def _preflight(result: Json) -> Iterator[str]:
    templates = result["numbers"]["templates"]
    limit = result["aims"][-1]["limit"]
    times = " / ".join(f"{each['seconds']:.2f}" for each in templates.values())
    waits = " / ".join(f"{each['longest_put_seconds']:.2f}" for each in templates.values())
    yield _row(f"preflight of a template with {' / '.join(templates)} resources", "", f"{times} s", "")
    yield _row("longest wait of a PUT during each of them", "", f"{waits} s", f"at most {limit:g} s")


def _arm(result: Json) -> Iterator[str]:
    loads, numbers = result["numbers"]["loads"], result["numbers"]
    to_moto, to_bare, flat, memory, start = result["aims"]
    item = loads["item"]["requests_per_second"]
    motos = {name: load for name, load in loads.items() if name.startswith("moto") and "Put" not in name}
    quickest = max(motos, key=lambda name: motos[name]["requests_per_second"])
    for aim, peer, called in (
        (to_moto, loads[quickest], quickest),
        (to_bare, loads["bare FastAPI route"], "bare FastAPI route, same bytes"),
    ):
        yield _row(
            "GET of a protected item over HTTP",
            f"{called}, {peer['requests_per_second']:.0f}/s",
            f"{aim['value']:.1f} times, {item:.0f}/s",
            f"at least {aim['limit']:g} times",
        )
    put, moto_put = (loads[name]["requests_per_second"] for name in ("PUT of a vault", "moto S3 PutObject"))
    yield _row("PUT of a vault", f"moto S3 PutObject, {moto_put:.0f}/s", f"{put / moto_put:.1f} times, {put:.0f}/s", "")
    yield _row("list of 10,000 protected items, 50 pages", "", f"{numbers['list_seconds']:.1f} s", "")
    yield _row(
        "processor time of that GET among 10,000 items", "among 10", f"{flat['value']:.2f} times", "at most 1.2 times"
    )
    yield _row("idle world, without Azurite", "", f"{memory['value']:.0f} MiB", f"at most {memory['limit']:.0f} MiB")
    yield _row("start of the world to ARM's first answer", "", f"{start['value']:.2f} s", f"at most {start['limit']} s")


def _machines(result: Json) -> Iterator[str]:
    aim = result["aims"][0]
    yield _row(
        f"idle machine among {result['numbers']['machines']}, one disk with 64 MiB allocated, SQL Server",
        "the same world without them",
        f"{aim['value']:.2f} MiB each",
        f"at most {aim['limit']:g} MiB",
    )


def _jobs(result: Json) -> Iterator[str]:
    for count, numbers in result["numbers"].items():
        if count in ("1", "warm"):
            continue  # of one machine: the backup of a disk that did not change is a row of its own
        first = numbers["first"]
        yield _row(
            f"{count} first backups at once, {first['seconds']:.0f} s, GET p99 {first['get_p99_milliseconds']:.0f} ms",
            "the idle world with the same machines",
            f"{first['jobs_per_second']:.1f} jobs/s, {first['peak_mebibytes_above_idle']:.0f} MiB more, "
            f"{first['most_threads']} threads",
            "at most 120 MiB more, 80 threads",
        )
    warm = result["aims"][-1]
    yield _row("one backup of a disk that did not change", "", f"{warm['value']:.2f} s", f"at most {warm['limit']:g} s")


def _faults(result: Json) -> Iterator[str]:
    aim, milliseconds = result["aims"][0], result["numbers"]["median_milliseconds"]
    seams, bare = milliseconds.values()
    yield _row(
        "processor time of a backup, no fault set",
        f"the same backup past the seams of faults, {bare:.0f} ms",
        f"{aim['value']:.2f} times, {seams:.0f} ms",
        f"at most {aim['limit']:g} times",
    )


def _days(result: Json) -> Iterator[str]:
    numbers, (ratio, seconds, *_) = result["numbers"], result["aims"]
    days, peer = numbers["days"], numbers["peer"]
    yield _row(
        f"{days} days of world time with a backup each, every one by a process of its own",
        f"{days} cold `python -I` and the bare storage requests, {peer['seconds']:.0f} s",
        f"{ratio['value']:.2f} times, {seconds['value']:.0f} s",
        f"at most {ratio['limit']:g} times, {seconds['limit']:g} s",
    )
    year = numbers["year"]
    if "seconds_by_phase" in year:
        phases = sorted(year["seconds_by_phase"].items(), key=lambda phase: -phase[1])
        whole = sum(spent for _, spent in phases)
        shares = ", ".join(f"{name} {100 * spent / whole:.0f} %" for name, spent in phases)
        yield _row("where that time goes", "", shares, "")
    if "mebibytes" in year:
        memory, of_a_backup = year["mebibytes"], year["seconds_of_a_backup"]
        yield _row(
            "peak memory of the world's process meanwhile, without Azurite",
            f"before it, {memory['begin']:.0f} MiB",
            f"{memory['peak']:.0f} MiB",
            "",
        )
        yield _row(
            "one of its last backups",
            f"one of its first, {of_a_backup['first']:.2f} s",
            f"{of_a_backup['last'] / of_a_backup['first']:.2f} times, {of_a_backup['last']:.2f} s",
            "at most 1.5 times",
        )


def _years(result: Json) -> Iterator[str]:
    years, days = result["numbers"]["years"], result["numbers"]["days"]
    *_, of_a_backup, memory = result["aims"]
    seconds = sum(year["seconds"] for year in years)
    amiss = sum(year["recovery_points_amiss"] for year in years)
    yield _row(
        f"{len(years)} years of world time under daily, weekly, monthly and yearly rules, {seconds / 60:.0f} minutes",
        f"{days} backups due, each in its minute",
        f"{sum(year['backups_at_their_minute'] for year in years)} completed, {amiss} points amiss",
        "all, none",
    )
    yield _row(
        "one of the last backups, and memory after the last year",
        "one of the first backups, and the first year",
        f"{of_a_backup['value']:.2f} and {memory['value']:.2f} times",
        f"at most {of_a_backup['limit']:g} and {memory['limit']:g} times",
    )


def _speeds(result: Json) -> Iterator[str]:
    numbers = result["numbers"]
    shares, passed, foreseen = numbers["idle_percent_of_a_core"], numbers["fast"], numbers["forecast"]
    told = ", ".join(f"{share['world']:.1f} %" for share in shares.values())
    yield _row(
        f"idle world with {numbers['machines']} machines, clock {' / '.join(shares)}",
        "a core",
        told,
        f"at most {result['aims'][0]['limit']:g} %",
    )
    yield _row(
        f"{numbers['machines']} machines backed up every 4 h at 3600 times real time, {passed['seconds']:.0f} s",
        f"{passed['due']} backups due, each in its minute",
        f"{passed['due_and_completed_once_in_their_minute']} completed, {passed['world_hours']:.0f} h passed",
        "all, at least 24 h",
    )
    yield _row(
        f"forecast of {foreseen['years']} years of a backup every 4 h, {foreseen['recovery_points']} points",
        "",
        f"{foreseen['processor_seconds']:.1f} s of processor time",
        f"at most {result['aims'][-1]['limit']:g} s",
    )


def _fleet(result: Json) -> Iterator[str]:
    numbers, ratio = result["numbers"], result["aims"][2]
    fleet, peer = numbers["fleet"], numbers["peer"]
    at_rest, first, *_, last = fleet["mebibytes_at_rest_and_after_each_day"]
    yield _row(
        f"{numbers['machines']} machines backed up daily for {numbers['days']} days, all at the same minute",
        f"cold `python -I` and the bare storage requests on {peer['threads']} threads, {peer['jobs_per_second']:.1f}/s",
        f"{ratio['value']:.2f} times, {fleet['jobs_per_second']:.1f} jobs/s",
        f"at least {ratio['limit']:g} times",
    )
    azurite = fleet["azurite_mebibytes_at_rest_and_after_each_day"]
    grown = f"{azurite[0]:.0f} to {azurite[-1]:.0f} MiB"
    yield _row(
        f"memory at rest, after the first and the last of these days; Azurite {grown}",
        "",
        f"{at_rest:.0f}, {first:.0f}, {last:.0f} MiB",
        f"last at most {result['aims'][3]['limit']:g} times the first",
    )


def _plugin(result: Json) -> Iterator[str]:
    for run in result["numbers"]["runs"]:
        found, workers = run["setup_seconds"], run["workers"]
        yield _row(
            f"a world of its own for each of {run['tests']} tests, {workers} worker{'s' if workers > 1 else ''}",
            "-",
            f"{found['p50']:.2f} s median, {found['p99']:.2f} s p99; {run['seconds_per_test']:.2f} s for each test",
            "at most 0.3 s and 1 s" if workers == 1 else "-",
        )


def _fork(result: Json) -> Iterator[str]:
    (aim,), numbers = result["aims"], result["numbers"]
    new, mebibytes = median(numbers["new_world_seconds"]), numbers["size_bytes"] / 2**20
    yield _row(
        aim["name"],
        f"a new world, {new:.2f} s",
        f"{aim['value']:.2f} s, {mebibytes:.0f} MiB",
        f"at most {aim['limit']:g} s",
    )


ROWS: Mapping[str, Callable[[Json], Iterator[str]]] = {
    "freeze": _freeze,
    "freeze-gateway": _freeze,
    "startup": _startup,
    "transfer": _transfer,
    "template": _template,
    "preflight": _preflight,
    "arm": _arm,
    "machines": _machines,
    "jobs": _jobs,
    "faults": _faults,
    "speeds": _speeds,
    "fleet": _fleet,
    "fleet-long": _fleet,
    "fleet-other": _fleet,
    "plugin": _plugin,
    "fork": _fork,
    "year": _days,
    "days": _days,
    "ten-years": _years,
    "years": _years,
}


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _machine(described: Json) -> str:
    return (
        f"{described['processor']} with {described['cores']} cores and {described['memory_gib']} GiB, "
        f"{described['system']}, Python {described['python']}"
    )


def main() -> int:
    say(table({path.stem: json.loads(path.read_bytes()) for path in RESULTS.glob("*.json")}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
