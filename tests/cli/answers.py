"""The same few facts out of etcdctl's JSON (an oracle's answer) and out of snapscope's.

    answers.py members|leases|alarms|users|roles FILE

Prints them as sorted lines. Ids go as 16 hexadecimal digits; JSON of both is read without
rounding numbers.
"""
import json
import sys


def hex_id(value):
    return value if isinstance(value, str) else format(value % 2**64, "016x")


def members(doc):
    for m in doc.get("members", []):
        if m.get("state") != "removed":
            yield [hex_id(m.get("ID", m.get("id"))), m.get("name", ""),
                   m.get("peerURLs", m.get("peer_urls", [])),
                   m.get("clientURLs", m.get("client_urls", [])),
                   m.get("isLearner", m.get("learner", False))]


def leases(doc):
    for lease in doc.get("leases", []):
        yield hex_id(lease["id"]).rjust(16, "0")


def alarms(doc):
    numbers = {"NOSPACE": 1, "CORRUPT": 2}
    for a in doc.get("alarms", []):
        alarm = a["alarm"]
        yield [hex_id(a.get("memberID", a.get("member"))), numbers.get(alarm, alarm)]


def users(doc):
    for u in doc.get("users", []):
        yield u if isinstance(u, str) else u["name"]


def roles(doc):
    # Ours has a row a permission.
    yield from {r if isinstance(r, str) else r["name"] for r in doc.get("roles", [])}


with open(sys.argv[2], encoding="utf-8") as file:
    found = globals()[sys.argv[1]](json.load(file))
for line in sorted(json.dumps(fact, ensure_ascii=False) for fact in found):
    print(line)
