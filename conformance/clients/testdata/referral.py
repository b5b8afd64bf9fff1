# referral.py: writes that are sent to a secondary and arrive at the primary, by
# the ways in which clients follow referrals. Arguments: the URLs of the secondary
# and the primary, name and password of the administrator, suffix.

import ctypes
import glob
import sys

import ldap

secondary, primary, admin, password, suffix = sys.argv[1:]
checks = 0


def ok(name, good, why=""):
    global checks
    checks += 1
    print(f"ok {name}" if good else f"not ok {name}: {why}", flush=True)


def bound(url, dn=admin, secret=password):
    c = ldap.initialize(url)
    c.set_option(ldap.OPT_REFERRALS, 0)
    c.simple_bind_s(dn, secret)
    return c


def value(url, dn, attr):
    try:
        return bound(url).search_s(dn, ldap.SCOPE_BASE)[0][1].get(attr)
    except ldap.NO_SUCH_OBJECT:
        return None


def logs_in(url, dn, secret):
    try:
        bound(url, dn, secret)
        return True
    except ldap.INVALID_CREDENTIALS:
        return False


# python-ldap hands the URLs to its caller, who asks there.
def follow(operation):
    try:
        operation(bound(secondary))
        return "", "the secondary took it"
    except ldap.REFERRAL as e:
        info = e.args[0]["info"]
        url = info.split("Referral:\n")[1].split("\n")[0]
        host, _, dn = url.removeprefix("ldap://").partition("/")
        operation(bound("ldap://" + host))
        return dn.replace("%2C", ",").replace("%20", " "), ""


dn, renamed = "utname=followed," + suffix, "utname=renamed," + suffix
user = [("objectClass", [b"utUser"]), ("utname", [b"followed"])]
for name, target, operation, done in [
    ("add", dn, lambda c: c.add_s(dn, user), lambda: value(primary, dn, "utname")),
    ("modify", dn, lambda c: c.modify_s(dn, [(ldap.MOD_REPLACE, "description", [b"by a referral"])]),
     lambda: value(primary, dn, "description") == [b"by a referral"]),
    ("rename", dn, lambda c: c.rename_s(dn, "utname=renamed"),
     lambda: value(primary, renamed, "utname") and not value(primary, dn, "utname")),
    ("password", renamed, lambda c: c.passwd_s(renamed, None, "by python-ldap"), lambda: logs_in(primary, renamed, "by python-ldap")),
    ("delete", renamed, lambda c: c.delete_s(renamed), lambda: not value(primary, renamed, "utname")),
]:
    try:
        told, why = follow(operation)
        if told != target:
            why = why or f"the URL names {told!r}"
        elif not done():
            why = "it is not so on the primary"
    except ldap.LDAPError as e:
        why = repr(e)
    ok("python-ldap " + name, not why, why)

# libldap follows by itself and asks a callback to log in at the other server.
lib = ctypes.CDLL(sorted(glob.glob("/usr/lib/*/libldap-2*.so.0") + glob.glob("/usr/lib/*/libldap.so.2"))[0])
handle = ctypes.c_void_p
rebound = []
REBIND = ctypes.CFUNCTYPE(ctypes.c_int, handle, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_void_p)


class Berval(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ulong), ("val", ctypes.c_char_p)]


class Mod(ctypes.Structure):
    _fields_ = [("op", ctypes.c_int), ("type", ctypes.c_char_p), ("values", ctypes.POINTER(ctypes.c_char_p))]


def simple_bind(ld):
    cred = Berval(len(password), password.encode())
    return lib.ldap_sasl_bind_s(ld, admin.encode(), None, ctypes.byref(cred), None, None, None)


@REBIND
def rebind(ld, url, request, message, params):
    rebound.append(url.decode())
    return simple_bind(ld)


ld = handle()
assert lib.ldap_initialize(ctypes.byref(ld), secondary.encode()) == 0
version = ctypes.c_int(3)
lib.ldap_set_option(ld, 0x11, ctypes.byref(version))  # LDAP_OPT_PROTOCOL_VERSION
lib.ldap_set_option(ld, 0x08, ctypes.c_void_p(1))  # LDAP_OPT_REFERRALS on
lib.ldap_set_rebind_proc(ld, rebind, None)
ok("libldap bind", simple_bind(ld) == 0)
values = (ctypes.c_char_p * 2)(b"by libldap", None)
mods = (ctypes.POINTER(Mod) * 2)(ctypes.pointer(Mod(2, b"description", values)), None)
code = lib.ldap_modify_ext_s(ld, suffix.encode(), mods, None, None)
ok("libldap modify with a rebind callback", code == 0 and len(rebound) == 1, f"result {code}, asked to log in at {rebound}")
lib.ldap_unbind_ext_s(ld, None, None)
ok("libldap's value is on the primary", value(primary, suffix, "description") == [b"by libldap"], value(primary, suffix, "description"))

print(f"{checks} checks")
