#!/usr/bin/perl
# A service manager as far as a handler sees one:
#
#	holder.pl SOCKET PIDS PROGRAM...
#
# listens on SOCKET, gives it to the program as its standard input, and begins the
# program anew whenever it has ended.  PIDS gets a line for each.  SIGTERM ends both.
use strict;
use warnings;
use POSIX ();
use Socket;

my ($path, $pids, @program) = @ARGV;
my $child = 0;
my $end = 0;
$SIG{TERM} = sub { $end = 1; kill("TERM", $child) if $child };
my $socket;
socket($socket, PF_UNIX, SOCK_STREAM, 0) && bind($socket, sockaddr_un($path)) &&
    listen($socket, 1024) or die "$path: $!\n";
until ($end) {
	$child = fork;
	if (!$child) {
		POSIX::dup2(fileno($socket), 0);
		exec(@program) or die "@program: $!\n";
	}
	open(my $file, ">>", $pids) or die "$pids: $!\n";
	print $file "$child\n";
	close($file);
	waitpid($child, 0);
}
