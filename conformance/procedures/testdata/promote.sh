# A secondary becomes the primary.
#
# prim is down. sec1 takes its place and sec2 goes on with it. A paragraph is what
# is typed at once, the comment above it says where.

# on sec1
utreplica -u

# on sec1
utreplica -p sec2

# on sec2, and so on every other secondary
utreplica -u

# on sec2
utreplica -s sec1

# on sec1, when prim is back
utreplica -a prim

# on prim
utreplica -u

# on prim
utreplica -s sec1
