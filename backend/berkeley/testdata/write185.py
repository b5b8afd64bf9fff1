# Writes a btree with the real Berkeley DB 1.85, which Debian keeps in libdb1-compat.
# usage: write185.py FILE PAGESIZE BYTEORDER; lines of "put KEY DATA" or "del KEY" in hex on stdin
import ctypes as c
import os
import sys

class DBT(c.Structure):
    _fields_ = [("data", c.c_char_p), ("size", c.c_size_t)]

class BTREEINFO(c.Structure):
    _fields_ = [("flags", c.c_ulong), ("cachesize", c.c_uint), ("maxkeypage", c.c_int),
                ("minkeypage", c.c_int), ("psize", c.c_uint), ("compare", c.c_void_p),
                ("prefix", c.c_void_p), ("lorder", c.c_int)]

P = c.c_void_p
class DB(c.Structure):
    _fields_ = [("type", c.c_int),
                ("close", c.CFUNCTYPE(c.c_int, P)),
                ("delete", c.CFUNCTYPE(c.c_int, P, c.POINTER(DBT), c.c_uint)),
                ("get", P),
                ("put", c.CFUNCTYPE(c.c_int, P, c.POINTER(DBT), c.POINTER(DBT), c.c_uint))]

lib = c.CDLL("libdb.so.2", use_errno=True)
lib.dbopen.restype = c.POINTER(DB)
lib.dbopen.argtypes = [c.c_char_p, c.c_int, c.c_int, c.c_int, P]
BTREE = 0
path, psize, lorder = sys.argv[1].encode(), int(sys.argv[2]), int(sys.argv[3])
info = BTREEINFO(psize=psize, lorder=lorder)
db = lib.dbopen(path, os.O_RDWR | os.O_CREAT, 0o600, BTREE, c.byref(info))
if not db:
    sys.exit("dbopen: " + os.strerror(c.get_errno()))

def dbt(text):
    data = bytes.fromhex(text)
    return DBT(data, len(data))

for line in sys.stdin:
    word = line.split()
    key = dbt(word[1])
    if word[0] == "put":
        data = dbt(word[2])
        failed = db.contents.put(db, c.byref(key), c.byref(data), 0)
    else:
        failed = db.contents.delete(db, c.byref(key), 0)
    if failed:
        sys.exit(line[:60] + ": " + os.strerror(c.get_errno()))
if db.contents.close(db):
    sys.exit("close: " + os.strerror(c.get_errno()))
