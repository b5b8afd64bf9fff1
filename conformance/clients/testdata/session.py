#!/usr/bin/env python3
# session.py: python-ldap as a second client library: what command line tools
# cannot do (several binds, asynchronous requests, schema objects) and the
# daily work once more through another interface.
#
# usage: session.py URL CAFILE ADMINDN PASSWORD SUFFIX
# Prints "ok NAME" or "not ok NAME: WHY" for each check; exit status 1 if any
# failed.
import sys
import ldap
import ldap.dn
import ldap.modlist
import ldap.schema
from ldap.controls import SimplePagedResultsControl
from ldap.controls.readentry import PostReadControl, PreReadControl
from ldap.controls.simple import ManageDSAITControl
from ldap.controls.sss import SSSRequestControl
from ldap.controls.libldap import AssertionControl, MatchedValuesControl

URL, CAFILE, ADMIN, PASSWORD, SUFFIX = sys.argv[1:6]
BASE = "ou=python," + SUFFIX
ANY = "(objectClass=*)"


def connect(bound=True):
    c = ldap.initialize(URL)
    c.set_option(ldap.OPT_REFERRALS, 0)
    c.set_option(ldap.OPT_NETWORK_TIMEOUT, 10)
    c.set_option(ldap.OPT_TIMEOUT, 10)
    if bound:
        c.simple_bind_s(ADMIN, PASSWORD)
    return c


def person(name, **more):
    entry = {"objectClass": [b"inetOrgPerson"], "cn": [name.encode()], "sn": [name.upper().encode()]}
    entry.update(more)
    return ldap.modlist.addModlist(entry)


def equal(got, want):
    if got != want:
        raise AssertionError("got %r, expected %r" % (got, want))


def refused(error, call, *args, **named):
    try:
        call(*args, **named)
    except error:
        return
    raise AssertionError("no %s" % error.__name__)


def names(answer):
    return sorted(ldap.dn.explode_dn(dn, notypes=True)[0] for dn, _ in answer if dn)


def add_entries(c):
    for i in range(25):
        c.add_s("cn=p%02d,%s" % (i, BASE), person("p%02d" % i))
    equal(len(c.search_s(BASE, ldap.SCOPE_ONELEVEL, ANY, ["1.1"])), 25)


def add_existing(c):
    refused(ldap.ALREADY_EXISTS, c.add_s, "cn=p00," + BASE, person("p00"))


def add_invalid(c):
    refused(ldap.OBJECT_CLASS_VIOLATION, c.add_s, "cn=x," + BASE, [("objectClass", [b"person"]), ("cn", [b"x"])])


def search_values(c):
    dn, entry = c.search_s(BASE, ldap.SCOPE_SUBTREE, "(cn=p03)")[0]
    equal((dn, entry["sn"], entry["objectClass"]), ("cn=p03," + BASE, [b"P03"], [b"inetOrgPerson"]))


def search_missing(c):
    try:
        c.search_s("cn=none," + BASE, ldap.SCOPE_BASE)
    except ldap.NO_SUCH_OBJECT as e:
        equal(e.args[0].get("matched"), BASE)
        return
    raise AssertionError("no NO_SUCH_OBJECT")


def search_limit(c):
    refused(ldap.SIZELIMIT_EXCEEDED, c.search_ext_s, BASE, ldap.SCOPE_ONELEVEL, ANY, sizelimit=3)


def paged_search(c):
    control, found, pages = SimplePagedResultsControl(True, size=10, cookie=""), [], 0
    while True:
        sent = c.search_ext(BASE, ldap.SCOPE_ONELEVEL, ANY, ["cn"], serverctrls=[control])
        _, data, _, answers = c.result3(sent)
        found, pages = found + data, pages + 1
        equal([a.controlType for a in answers], [control.controlType])
        control.cookie = answers[0].cookie
        if not control.cookie:
            break
    equal((len(set(dn for dn, _ in found)), pages), (25, 3))


def paged_search_given_up(c):
    control = SimplePagedResultsControl(True, size=5, cookie="")
    sent = c.search_ext(BASE, ldap.SCOPE_ONELEVEL, ANY, ["cn"], serverctrls=[control])
    control.cookie, control.size = c.result3(sent)[3][0].cookie, 0
    sent = c.search_ext(BASE, ldap.SCOPE_ONELEVEL, ANY, ["cn"], serverctrls=[control])
    _, data, _, answers = c.result3(sent)
    equal((data, [a.cookie for a in answers if a.cookie]), ([], []))


def sorted_search(c):
    sent = c.search_ext(BASE, ldap.SCOPE_ONELEVEL, "(cn=p0*)", ["cn"],
                        serverctrls=[SSSRequestControl(True, ["-cn:caseIgnoreOrderingMatch"])])
    _, data, _, _ = c.result3(sent)
    equal([e["cn"][0] for _, e in data], [b"p%02d" % i for i in range(9, -1, -1)])


def assertion_control(c):
    change = [(ldap.MOD_REPLACE, "title", [b"x"])]
    refused(ldap.ASSERTION_FAILED, c.modify_ext_s, "cn=p04," + BASE, change,
            serverctrls=[AssertionControl(True, "(sn=other)")])
    c.modify_ext_s("cn=p04," + BASE, change, serverctrls=[AssertionControl(True, "(sn=p04)")])


def matched_values(c):
    c.modify_s("cn=p05," + BASE, [(ldap.MOD_ADD, "description", [b"keep", b"drop"])])
    _, data, _, _ = c.result3(c.search_ext(BASE, ldap.SCOPE_SUBTREE, "(cn=p05)", ["description"],
                                           serverctrls=[MatchedValuesControl(True, "((description=keep))")]))
    equal(data[0][1], {"description": [b"keep"]})


def modify(c):
    dn = "cn=p06," + BASE
    c.modify_s(dn, [(ldap.MOD_ADD, "mail", [b"a@example.com", b"b@example.com"]),
                    (ldap.MOD_REPLACE, "sn", ["Größe".encode()]), (ldap.MOD_DELETE, "mail", [b"A@example.com"])])
    equal(c.search_s(dn, ldap.SCOPE_BASE, ANY, ["sn", "mail"])[0][1],
          {"sn": ["Größe".encode()], "mail": [b"b@example.com"]})


def modify_from_difference(c):
    dn = "cn=p07," + BASE
    old = c.search_s(dn, ldap.SCOPE_BASE)[0][1]
    new = dict(old, title=[b"Engineer"], sn=[b"Changed"])
    c.modify_s(dn, ldap.modlist.modifyModlist(old, new))
    equal(c.search_s(dn, ldap.SCOPE_BASE)[0][1], new)


def increment(c):
    dn = "utname=counter," + BASE
    c.add_s(dn, [("objectClass", [b"utToken"]), ("utname", [b"counter"]), ("utport", [b"7"])])
    c.modify_s(dn, [(ldap.MOD_INCREMENT, "utport", [b"35"])])
    equal(c.compare_s(dn, "utport", b"42"), True)
    c.delete_s(dn)


def read_entry_controls(c):
    dn = "cn=p08," + BASE
    sent = c.modify_ext(dn, [(ldap.MOD_REPLACE, "sn", [b"After"])],
                        serverctrls=[PreReadControl(True, ["sn"]), PostReadControl(True, ["sn", "entryUUID"])])
    _, _, _, answers = c.result3(sent)
    got = {a.controlType: a.entry for a in answers}
    before, after = got[PreReadControl.controlType], got[PostReadControl.controlType]
    equal((before, after["sn"], len(after["entryUUID"])), ({"sn": [b"P08"]}, [b"After"], 1))


def compare(c):
    equal(c.compare_s("cn=p01," + BASE, "cn", b"P01"), True)
    equal(c.compare_s("cn=p01," + BASE, "cn", b"p02"), False)
    refused(ldap.NO_SUCH_ATTRIBUTE, c.compare_s, "cn=p01," + BASE, "title", b"x")


def rename(c):
    c.rename_s("cn=p09," + BASE, "cn=renamed", delold=1)
    equal(names(c.search_s(BASE, ldap.SCOPE_SUBTREE, "(sn=p09)", ["1.1"])), ["renamed"])


def move_subtree(c):
    for name in ("from", "to"):
        c.add_s("ou=%s,%s" % (name, BASE), [("objectClass", [b"organizationalUnit"]), ("ou", [name.encode()])])
    c.rename_s("cn=renamed," + BASE, "cn=moved", "ou=from," + BASE, delold=1)
    c.rename_s("ou=from," + BASE, "ou=from", "ou=to," + BASE)
    equal(c.search_s(BASE, ldap.SCOPE_SUBTREE, "(sn=p09)", ["entryDN"])[0][0], "cn=moved,ou=from,ou=to," + BASE)


def delete(c):
    refused(ldap.NOT_ALLOWED_ON_NONLEAF, c.delete_s, "ou=to," + BASE)
    c.delete_s("cn=p10," + BASE)
    refused(ldap.NO_SUCH_OBJECT, c.delete_s, "cn=p10," + BASE)


def many_requests_at_once(c):
    sent = {c.search(BASE, ldap.SCOPE_SUBTREE, "(cn=p%02d)" % i, ["cn"]): i for i in range(20) if i not in (9, 10)}
    for message, i in sorted(sent.items(), reverse=True):
        _, data = c.result(message)
        equal(data[0][1]["cn"], [b"p%02d" % i])


def abandon(c):
    c.abandon(c.search(BASE, ldap.SCOPE_SUBTREE))
    equal(len(c.search_s(BASE, ldap.SCOPE_BASE)), 1)


def cancel_finished(c):
    sent = c.search(BASE, ldap.SCOPE_BASE)
    c.result(sent)
    refused((ldap.NO_SUCH_OPERATION, ldap.TOO_LATE, ldap.CANNOT_CANCEL), c.cancel_s, sent)


def failed_bind_makes_anonymous(c):
    c = connect()
    equal(c.whoami_s(), "dn:" + ADMIN)
    refused(ldap.INVALID_CREDENTIALS, c.simple_bind_s, ADMIN, "wrong")
    equal(c.whoami_s(), "")
    refused(ldap.STRONG_AUTH_REQUIRED, c.delete_s, "cn=p01," + BASE)
    c.simple_bind_s(ADMIN, PASSWORD)
    equal(c.whoami_s(), "dn:" + ADMIN)
    c.simple_bind_s("", "")
    equal(c.whoami_s(), "")
    c.unbind_s()


def refused_bind_makes_anonymous(c):
    c = connect()
    refused(ldap.UNWILLING_TO_PERFORM, c.simple_bind_s, ADMIN, "")
    equal(c.whoami_s(), "")
    c.unbind_s()


def password_modify(c):
    dn = "cn=p11," + BASE
    c.passwd_s(dn, None, "first secret")
    user = connect(bound=False)
    user.simple_bind_s(dn, "first secret")
    refused(ldap.INSUFFICIENT_ACCESS, user.passwd_s, dn, None, "unwanted")
    c.passwd_s(dn, None, "second secret")
    refused(ldap.INVALID_CREDENTIALS, user.simple_bind_s, dn, "first secret")
    user.simple_bind_s(dn, "second secret")
    equal(user.whoami_s(), "dn:" + dn)
    user.unbind_s()


def start_tls(c):
    c = connect(bound=False)
    c.set_option(ldap.OPT_X_TLS_CACERTFILE, CAFILE)
    c.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
    c.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
    c.simple_bind_s(ADMIN, PASSWORD)
    c.start_tls_s()
    c.simple_bind_s(ADMIN, PASSWORD)
    equal(c.whoami_s(), "dn:" + ADMIN)
    equal(len(c.search_s(BASE, ldap.SCOPE_BASE)), 1)
    c.unbind_s()


def referral(c):
    dn = "ou=away," + BASE
    c.add_ext_s(dn, [("objectClass", [b"referral", b"extensibleObject"]), ("ou", [b"away"]),
                     ("ref", [b"ldap://away.example/ou=away,o=x"])], serverctrls=[ManageDSAITControl(True)])
    references = [u for d, u in c.search_s(BASE, ldap.SCOPE_ONELEVEL, "(cn=p01)") if d is None]
    equal(references, [["ldap://away.example/ou=away,o=x??base"]])
    try:
        c.delete_s(dn)
        raise AssertionError("no REFERRAL")
    except ldap.REFERRAL as e:
        equal("ldap://away.example/ou=away,o=x" in e.args[0]["info"], True)
    c.delete_ext_s(dn, serverctrls=[ManageDSAITControl(True)])


def root_dse(c):
    entry = c.read_rootdse_s()
    equal(b"3" in entry["supportedLDAPVersion"], True)
    equal(c.get_naming_contexts(), [SUFFIX.encode()])


def subschema(c):
    where = c.search_subschemasubentry_s(BASE)
    return ldap.schema.SubSchema(c.read_subschemasubentry_s(where), check_uniqueness=2)


def schema_of_a_person(c):
    s = subschema(c)
    must, may = s.attribute_types(["inetOrgPerson"])
    equal(sorted(a.names[0] for a in must.values()), ["cn", "objectClass", "sn"])
    equal("mail" in [n for a in may.values() for n in a.names], True)


def schema_of_an_attribute(c):
    s = subschema(c)
    port = s.get_obj(ldap.schema.AttributeType, "utport")
    equal((port.single_value, port.syntax, port.equality), (True, "1.3.6.1.4.1.1466.115.121.1.27", "integerMatch"))
    uuid = s.get_obj(ldap.schema.AttributeType, "entryUUID")
    equal((uuid.no_user_mod, uuid.usage), (True, 1))
    equal(s.get_inheritedattr(ldap.schema.AttributeType, "sn", "syntax"), "1.3.6.1.4.1.1466.115.121.1.15")


def schema_is_closed(c):
    s = subschema(c)
    for cls in (ldap.schema.ObjectClass, ldap.schema.AttributeType):
        for oid in s.listall(cls):
            for parent in s.get_obj(cls, oid).sup:
                equal((oid, s.get_obj(cls, parent) is not None), (oid, True))
    for oid in s.listall(ldap.schema.ObjectClass):
        o = s.get_obj(ldap.schema.ObjectClass, oid)
        if o.names[0] in ("subentry", "subschema"):
            continue  # slapd does not publish every attribute of these
        for name in o.must + o.may:
            equal((o.names, name, s.get_obj(ldap.schema.AttributeType, name) is not None), (o.names, name, True))


def delete_everything(c):
    found = c.search_s(BASE, ldap.SCOPE_SUBTREE, ANY, ["1.1"])
    for dn in sorted((dn for dn, _ in found), key=len, reverse=True):
        c.delete_s(dn)
    refused(ldap.NO_SUCH_OBJECT, c.search_s, BASE, ldap.SCOPE_BASE)


CHECKS = [
    root_dse, add_entries, add_existing, add_invalid, search_values, search_missing, search_limit, paged_search,
    paged_search_given_up, sorted_search, assertion_control, matched_values, modify, modify_from_difference,
    increment, read_entry_controls, compare, rename, move_subtree, delete, many_requests_at_once, abandon,
    cancel_finished, failed_bind_makes_anonymous, refused_bind_makes_anonymous, password_modify, start_tls,
    referral, schema_of_a_person, schema_of_an_attribute, schema_is_closed, delete_everything,
]


def main():
    c = connect()
    c.add_s(BASE, [("objectClass", [b"organizationalUnit"]), ("ou", [b"python"])])
    failed = 0
    for check in CHECKS:
        name = check.__name__.replace("_", " ")
        try:
            check(c)
            print("ok " + name)
        except Exception as e:  # whatever it is: the other checks go on
            failed += 1
            print("not ok %s: %s %s" % (name, type(e).__name__, e))
    print("%d checks" % len(CHECKS))
    sys.exit(1 if failed else 0)


main()
