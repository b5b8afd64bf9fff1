# referral.pl: writes that Perl's Net::LDAP sends to a secondary and takes to the
# primary, as LDAPv3 and as LDAPv2. Arguments: the URLs of the secondary and the
# primary, name and password of the administrator, suffix.

use strict;
use warnings;

use Net::LDAP;
use Net::LDAP::Constant qw(LDAP_SUCCESS LDAP_COMPARE_TRUE LDAP_NO_SUCH_OBJECT LDAP_PARTIAL_RESULTS LDAP_REFERRAL);
use Net::LDAP::Extension::SetPassword;
use URI::ldap;

my ($secondary, $primary, $admin, $password, $suffix) = @ARGV;
my $checks = 0;
$| = 1;

sub ok {
    my ($name, $why) = @_;
    $checks++;
    print $why ? "not ok $name: $why\n" : "ok $name\n";
}

sub bound {
    my ($url, $version, $dn, $secret) = @_;
    my $c = Net::LDAP->new($url, version => $version, timeout => 20) or die "$url: $@\n";
    my $m = $c->bind($dn // $admin, password => $secret // $password);
    die "bind at $url: " . $m->error . "\n" if $m->code && !defined $dn;
    return $m->code ? undef : $c;
}

# told gives the URL in an answer: the referral of LDAPv3, or the text that stands
# for one in LDAPv2.
sub told {
    my ($m, $version) = @_;
    if ($version == 2) {
        die "result " . $m->code . " instead of 9\n" if $m->code != LDAP_PARTIAL_RESULTS;
        die "a referral to an LDAPv2 client\n" if $m->referrals;
        $m->error =~ /^Referral:\n(ldap:\S+)/ or die "text without an address: " . $m->error . "\n";
        return URI->new($1);
    }
    die "result " . $m->code . " instead of 10\n" if $m->code != LDAP_REFERRAL;
    my @urls = $m->referrals;
    die scalar(@urls) . " addresses\n" if @urls != 1;
    return URI->new($urls[0]);
}

# follow does an operation at the secondary, then where its answer points to, and
# gives why that failed.
sub follow {
    my ($version, $target, $operation) = @_;
    eval {
        my $url = told($operation->(bound($secondary, $version)), $version);
        die "the address names " . $url->dn . "\n" if $url->dn ne $target;
        my $m = $operation->(bound("ldap://" . $url->host_port, $version));
        die "at the primary: " . $m->error . "\n" if $m->code != LDAP_SUCCESS;
        1;
    } and return "";
    chomp(my $why = $@);
    return $why =~ s/\n/ /gr;
}

# entry reads an entry from the primary.
sub entry {
    my ($dn) = @_;
    my $m = bound($primary, 3)->search(base => $dn, scope => "base", filter => "(objectClass=*)");
    return undef if $m->code == LDAP_NO_SUCH_OBJECT;
    die "read $dn: " . $m->error . "\n" if $m->code;
    return $m->entry(0);
}

for my $version (3, 2) {
    my $name = "Net::LDAP, LDAPv$version,";
    my ($dn, $renamed) = ("utname=perl $version,$suffix", "utname=perl renamed $version,$suffix");

    my $why = follow($version, $dn, sub { $_[0]->add($dn, attrs => [objectClass => "utUser", utname => "perl $version", userPassword => "old"]) });
    ok("$name add", $why || (entry($dn) ? "" : "the primary has no $dn"));

    $why = follow($version, $dn, sub { $_[0]->modify($dn, replace => { utotherinfo => "by a referral" }) });
    ok("$name modify", $why || ((entry($dn)->get_value("utotherinfo") // "") eq "by a referral" ? "" : "the primary has no new value"));

    $why = follow($version, $dn, sub { $_[0]->moddn($dn, newrdn => "utname=perl renamed $version", deleteoldrdn => 1) });
    ok("$name rename", $why || (entry($renamed) && !entry($dn) ? "" : "the primary has not renamed it"));

    # Extended operations came with LDAPv3.
    if ($version == 3) {
        $why = follow($version, $renamed, sub { $_[0]->set_password(user => $renamed, newpasswd => "by Net::LDAP") });
        ok("$name password", $why || (bound($primary, 3, $renamed, "by Net::LDAP") ? "" : "the primary does not take the new one"));
    }

    $why = follow($version, $renamed, sub { $_[0]->delete($renamed) });
    ok("$name delete", $why || (entry($renamed) ? "the primary still has it" : ""));

    my $m = bound($secondary, $version)->search(base => $suffix, scope => "base", filter => "(objectClass=*)");
    ok("$name search", $m->code ? $m->error : $m->count == 1 ? "" : $m->count . " entries");
    $m = bound($secondary, $version)->compare($suffix, attr => "o", value => "utdata");
    ok("$name compare", $m->code == LDAP_COMPARE_TRUE ? "" : "result " . $m->code);
}

print "$checks checks\n";
