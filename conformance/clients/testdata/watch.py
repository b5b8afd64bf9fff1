# watch.py: a client that is told of changes (persistent search), also on a
# secondary, and one that reads the log of changes. Arguments: the URLs of the
# primary and the secondary, name and password of the administrator, suffix.

import sys

import ldap
from ldap.controls.psearch import EntryChangeNotificationControl, PersistentSearchControl

primary, secondary, admin, password, suffix = sys.argv[1:]
checks = 0
WITHIN = 20  # seconds


def ok(name, good, why=""):
    global checks
    checks += 1
    print(f"ok {name}" if good else f"not ok {name}: {why}", flush=True)


def connected(url, name="", secret=""):
    c = ldap.initialize(url)
    c.set_option(ldap.OPT_REFERRALS, 0)
    c.simple_bind_s(name, secret)
    return c


class Watch:
    """A persistent search below a base, begun when it is made."""

    def __init__(self, url, **options):
        self.c = connected(url)
        asked = PersistentSearchControl(criticality=True, returnECs=True, **options)
        self.id = self.c.search_ext(suffix, ldap.SCOPE_SUBTREE, "(description=watched*)", ["description"], serverctrls=[asked])
        self.c.whoami_s()  # answered behind the search: it has begun

    def next(self):
        """The next notification: what happened, the entry, its name before, the number of the change."""
        _, data, _, _, _, _ = self.c.result4(self.id, all=0, timeout=WITHIN, add_ctrls=1)
        dn, attrs, controls = data[0]
        told = [c for c in controls if c.controlType == EntryChangeNotificationControl.controlType]
        if not told:
            return None, dn, None, None
        return told[0].changeType, dn, told[0].previousDN, told[0].changeNumber


def device(name, **more):
    return [("objectClass", [b"device"]), ("cn", [name])] + [(k, [v]) for k, v in more.items()]


ADD, DELETE, MODIFY, RENAME = 1, 2, 4, 8
one, two, moved, unseen = (f"cn={name},{suffix}" for name in ("one", "two", "moved", "unseen"))
c = connected(primary, admin, password)
c.add_s(unseen, device(b"unseen"))
watches = {"primary": Watch(primary, changesOnly=True), "secondary": Watch(secondary, changesOnly=True)}
deletes = Watch(primary, changesOnly=True, changeTypes=["delete"])
numbers = {name: [] for name in watches}

# Each change is seen before the next one is made: a secondary may be sent several
# changes of an entry as one.
for name, change, happened in [
    ("add", lambda: c.add_s(one, device(b"one", description=b"watched")), (ADD, one, None)),
    ("modify", lambda: c.modify_s(one, [(ldap.MOD_REPLACE, "description", [b"watched and changed"])]), (MODIFY, one, None)),
    ("modify another attribute", lambda: c.modify_s(one, [(ldap.MOD_REPLACE, "serialNumber", [b"1"])]), (MODIFY, one, None)),
    ("an entry comes into the filter", lambda: c.modify_s(unseen, [(ldap.MOD_REPLACE, "description", [b"watched now"])]), None),
    ("add another", lambda: c.add_s(two, device(b"two", description=b"watched")), (ADD, two, None)),
    ("rename", lambda: c.rename_s(two, "cn=moved"), (RENAME, moved, two)),
    ("delete", lambda: c.delete_s(moved), (DELETE, moved, None)),
]:
    change()
    for server, watch in watches.items():
        got = watch.next()
        if happened:
            ok(f"{server}, {name}", got[:3] == happened, f"{got[:3]} is told, not {happened}")
        else:
            ok(f"{server}, {name}", got[1] == unseen, f"{got} is told")
        numbers[server].append(got[3])
for server, list in numbers.items():
    ok(f"{server}, numbers of changes", None not in list and list == sorted(set(list)), list)
everything = Watch(primary, changesOnly=False)
first = {everything.next()[:2] for _ in range(2)}
ok("what is there comes first", first == {(None, one), (None, unseen)}, first)
c.delete_s(one)
second = everything.next()
ok("then what changes", second[:2] == (DELETE, one), second)
only = [deletes.next()[:2] for _ in range(2)]
ok("only what is asked for", only == [(DELETE, moved), (DELETE, one)], only)

# The log of changes is for the administrator.
log = c.search_s("cn=changelog", ldap.SCOPE_ONELEVEL, f"(|(targetDN={one})(targetDN={two})(targetDN={moved}))")
log.sort(key=lambda e: int(e[1]["changeNumber"][0]))
kinds = [e[1]["changeType"][0].decode() for e in log]
ok("types of changes", kinds == ["add", "modify", "modify", "add", "modrdn", "delete", "delete"], kinds)
ok("names of changes", [e[1]["targetDN"][0].decode() for e in log] == [one, one, one, two, two, moved, one], log)
ok("changes as LDIF", b"replace: description\ndescription: watched and changed\n-\n" in log[1][1]["changes"][0], log[1])
ok("a new name", (log[4][1]["newRDN"], log[4][1]["deleteOldRDN"]) == ([b"cn=moved"], [b"TRUE"]), log[4])
try:
    seen = connected(primary).search_s("cn=changelog", ldap.SCOPE_SUBTREE)
    ok("nobody else reads the log", not seen, seen)
except (ldap.INSUFFICIENT_ACCESS, ldap.NO_SUCH_OBJECT):
    ok("nobody else reads the log", True)

print(f"{checks} checks")
