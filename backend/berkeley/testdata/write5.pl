# Writes a btree with Berkeley DB 5.3 by way of Perl's DB_File.
# usage: write5.pl FILE PAGESIZE BYTEORDER; lines of "put KEY DATA", "del KEY" or "mark KEY" in hex on stdin.
# "mark" deletes under a cursor and ends at once, so that the item stays on its page as deleted.
use strict;
use warnings;
use DB_File;
use Fcntl;
use POSIX ();

my ($file, $psize, $lorder) = @ARGV;
my $info = DB_File::BTREEINFO->new;
$info->{psize} = $psize;
$info->{lorder} = $lorder;
my %tree;
my $db = tie %tree, 'DB_File', $file, O_RDWR | O_CREAT, 0600, $info or die "$file: $!";
while (my $line = <STDIN>) {
	my ($verb, $key, $data) = split ' ', $line;
	$key = pack 'H*', $key;
	if ($verb eq 'put') {
		$db->put($key, pack 'H*', $data) == 0 or die "put: $!";
	} elsif ($verb eq 'del') {
		$db->del($key) == 0 or die "del: $!";
	} else {
		my ($at, $value) = ($key, '');
		$db->seq($at, $value, R_CURSOR) == 0 && $at eq $key or die "seq: $!";
		$db->del($at, R_CURSOR) == 0 or die "del under the cursor: $!";
		$db->sync == 0 or die "sync: $!";
		POSIX::_exit(0);
	}
}
$db->sync == 0 or die "sync: $!";
