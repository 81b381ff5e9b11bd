"""What verify says of a damaged file, held to what its case expects, exactly.

A case names the verdict and every finding that the sound seed does not have: id, severity, and page
and offset where the case can name them. Another finding, or one fewer, fails. The report has to be the
same with one thread and with two, as text, JSON and JUnit.
"""
import collections
import json
import re

FORMS = ([], ["--json"], ["--report", "junit"])


class Mismatch(Exception):
    pass


def catalogue(source):
    """Every id of checks.def, with its severity."""
    rows = re.findall(r'^CHECK\(\w+, "([^"]+)", (\w+),', source, re.M)
    return {check: severity.lower() for check, severity in rows}


def report(run, file, *options):
    done = run("verify", "--json", "--max-findings", "100000", *options, file)
    return json.loads(done.stdout)


def same_for_any_thread(run, file):
    for form in FORMS:
        one = run("verify", "--threads", "1", *form, file)
        two = run("verify", "--threads", "2", *form, file)
        if (one.returncode, one.stdout, one.stderr) != (two.returncode, two.stdout, two.stderr):
            raise Mismatch(f"verify {' '.join(form)}: one thread says something else than two")


def new_findings(findings, seed):
    """Those that the seed does not have; what a finding says is the same wherever it stands."""
    known = collections.Counter((finding["id"], finding["detail"]) for finding in seed)
    new = []
    for finding in findings:
        if known[finding["id"], finding["detail"]] > 0:
            known[finding["id"], finding["detail"]] -= 1
        else:
            new.append(finding)
    return new


def take(findings, expected):
    """Removes what is expected from the list, the first of several at the given place."""
    first = True
    for _ in range(expected.get("times", 1)):
        for finding in findings:
            placed = all(finding.get(name) == expected[name] for name in ("page", "offset")
                         if first and name in expected)
            if finding["id"] == expected["id"] and placed:
                if finding["severity"] != expected["severity"]:
                    raise Mismatch(f"verify: {finding['id']} is of severity {finding['severity']}")
                findings.remove(finding)
                break
        else:
            raise Mismatch(f"verify: {expected} was not found among {findings}")
        first = False


def check(run, case, file, seed, require_hash):
    options = ["--require-hash"] if require_hash else []
    got = report(run, file, *options)
    verdict = [e["verdict"] for e in case.expects
               if e["command"] == "verdict" and e.get("require_hash", False) == require_hash]
    if verdict != [got["verdict"]]:
        raise Mismatch(f"verify: verdict {got['verdict']}, due {verdict}: {got['verdict_text']}")
    left = new_findings(got["findings"], seed)
    for expected in case.expects:
        if expected["command"] == "verify" and expected.get("require_hash", False) == require_hash:
            take(left, expected)
    if left:
        raise Mismatch(f"verify: {len(left)} findings that the case does not expect: {left}")
    return got


def check_case(run, case, file, seed):
    """Both ways to ask, when the case has expectations of both."""
    same_for_any_thread(run, file)
    check(run, case, file, seed, False)
    if any(e.get("require_hash") for e in case.expects):
        check(run, case, file, seed, True)
