# A secondary was down. It returns by itself.
#
# One that was installed anew, here sec2, is set up and told its primary. A paragraph
# is what is typed at once, the comment above it says where.

# on sec2, with the password and the signature of the group
utconfig

# on sec2
utreplica -s prim
