# Where each program goes below /opt/SUNWut. One that is not built is left out.
# shellcheck disable=SC2034 # for those who source this
lib_programs=(utldbmcat utldif2ldbm)
sbin_programs=(utdsd utconfig utreplica utstart utstop utrestart utuser utdesktop utadminuser utpolicy utkiosk utpw utgroupsig utgstatus)
