# The primary's data is rebuilt from a secondary.
#
# prim's machine is lost with its disk. A new one of the same host name takes its
# place; sec1 and sec2 serve all the time. A paragraph is what is typed at once,
# the comment above it says where; the numbers are those of the vendor's guide.

# 1. on sec1, while it serves. The dump holds passwords, so nobody else is to read it.
umask 077
/opt/SUNWut/srds/lib/utldbmcat /var/opt/SUNWut/srds/dbm.ut/id2entry.dbb > /tmp/store

# 2. and 3. The file is carried to the new machine, where the programs are installed.

# 4. on prim, with the password and the signature of the group.
utconfig

# 4. on prim
utreplica -p sec1 sec2

# 5. on prim
/opt/SUNWut/sbin/utstop

# 6. on prim
/opt/SUNWut/srds/lib/utldif2ldbm -c -j 10 -i /tmp/store

# 7. on prim
/opt/SUNWut/sbin/utstart -c

# 8. on prim
/opt/SUNWut/sbin/utuser -l
