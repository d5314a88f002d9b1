#!/usr/bin/perl
# FastCGI by hand, to see what no web server shows:
#
#	fastcgi.pl SOCKET COUNT READY NAME=VALUE... <BODY
#
# asks COUNT times, each on a connection of its own, and makes the file READY
# when all is sent.  In the body %d is the request's number.  Once the end of an
# answer has come it prints "STATUS SECONDS", and keeps the connection open until
# it has them all; "lost SECONDS" where it is closed without an end.
use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;
use Time::HiRes qw(time);

use constant { FCGI_BEGIN => 1, FCGI_END => 3, FCGI_PARAMS => 4, FCGI_STDIN => 5, FCGI_STDOUT => 6 };
use constant HEAD => 8;

sub record { pack("CCnnCx", 1, $_[0], 1, length $_[1], 0) . $_[1] }
sub parameter { pack("NN", map { 1 << 31 | length } @_) . join("", @_) }

my ($socket, $count, $ready, @parameters) = @ARGV;
my $body = do { local $/; <STDIN> } // "";
alarm 60;

sub request
{
	my $text = $body =~ s/%d/$_[0]/gr;
	my @all = (@parameters, "CONTENT_LENGTH=" . length $text);

	return record(FCGI_BEGIN, pack("nCx5", 1, 0)) .
	    record(FCGI_PARAMS, join("", map { parameter(split(/=/, $_, 2)) } @all)) .
	    record(FCGI_PARAMS, "") . ($text ne "" ? record(FCGI_STDIN, $text) : "") .
	    record(FCGI_STDIN, "");
}

# Take whole records off the front; true once the last one is there.
sub is_answered
{
	my $a = shift;

	while (length $a->{raw} >= HEAD) {
		my ($type, $len, $padding) = unpack("xCx2nC", $a->{raw});
		last if length $a->{raw} < HEAD + $len + $padding;
		$a->{text} .= substr($a->{raw}, HEAD, $len) if $type == FCGI_STDOUT;
		substr($a->{raw}, 0, HEAD + $len + $padding) = "";
		return 1 if $type == FCGI_END;
	}
	return 0;
}

my $begin = time;
my $waiting = IO::Select->new;
my (%answers, @open);
for my $i (1 .. $count) {
	my $s = IO::Socket::UNIX->new(Peer => $socket) or die "$socket: $!\n";
	syswrite($s, request($i));
	$answers{$s} = { raw => "", text => "" };
	$waiting->add($s);
	push(@open, $s);
}
open(my $file, ">", $ready) or die "$ready: $!\n";
close($file);
while ($waiting->count) {
	for my $s ($waiting->can_read) {
		my $a = $answers{$s};
		my $got = sysread($s, $a->{raw}, 65536, length $a->{raw});
		my $done = is_answered($a);
		next if $got && !$done;
		printf "%s %.3f\n", $done && $a->{text} =~ /^Status: (\d+)/ ? $1 :
		    "lost", time - $begin;
		$waiting->remove($s);
	}
}
