#!/usr/bin/env python3
"""junit.py REPORT: prints how many tests of CTest's JUnit report passed, failed and were skipped.

Skipped is what said so itself. A test whose program is missing, or that is disabled, has failed.
"""

import sys
import xml.etree.ElementTree as ElementTree


def main():
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for case in ElementTree.parse(sys.argv[1]).getroot().iter("testcase"):
        skip = case.find("skipped")
        if case.get("status") == "run":
            counts["passed"] += 1
        elif skip is not None and skip.get("message", "").startswith("SKIP_RETURN_CODE"):
            counts["skipped"] += 1
        else:
            counts["failed"] += 1
    print(counts["passed"], counts["failed"], counts["skipped"])
    return 0


sys.exit(main())
