#!/usr/bin/perl
# Between a program and PostgreSQL, to break off at a chosen byte:
#
#	cut.pl LISTEN SERVER ORDER
#
# passes on what comes by the socket LISTEN to the socket SERVER, and back.  Once
# there is a file ORDER, of one line, and a statement that names receive() comes,
# the order is carried out, and the file becomes ORDER.done, with how many bytes
# there were in all:
#
#	request N	the server gets N bytes of it; then both are closed
#	answer N	the server has answered, so its commit is done; the program
#			gets N bytes of that; then both are closed
#	hold N		as answer, but the program's connection stays open, silent,
#			until the program closes it
use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;

my ($listen, $server, $order) = @ARGV;
my $ready = pack("aNa", "Z", 5, "I");	# the end of every answer

sub connected { IO::Socket::UNIX->new(Peer => $server) }

sub take_order
{
	open(my $file, "<", $order) or return;
	my @words = split(" ", <$file>);
	return @words;
}

sub done
{
	open(my $file, ">", "$order.new") or die "$order.new: $!";
	print $file length($_[0]), "\n";
	close($file);
	rename("$order.new", "$order.done");
	unlink($order);
}

sub write_all
{
	my ($to, $data) = @_;

	while (length $data) {
		my $n = syswrite($to, $data) or exit;
		substr($data, 0, $n) = "";
	}
}

sub serve
{
	my $client = shift;
	my $back = connected() or exit;
	my $select = IO::Select->new($client, $back);
	my ($what, $bytes, $answer);

	for (;;) {
		for my $from ($select->can_read()) {
			my $data;

			sysread($from, $data, 1 << 20) or exit;
			if ($from == $client && $data =~ /receive/ && (($what, $bytes) = take_order())) {
				$answer = "";
				if ($what eq "request") {
					write_all($back, substr($data, 0, $bytes));
					done($data);
					exit;
				}
			}
			if ($from == $back && defined $answer) {
				$answer .= $data;
				next if substr($answer, -length $ready) ne $ready;
				write_all($client, substr($answer, 0, $bytes));
				done($answer);
				exit if $what ne "hold";
				close($back);
				1 while sysread($client, my $rest, 1 << 16);
				exit;
			}
			write_all($from == $client ? $back : $client, $data);
		}
	}
}

$SIG{CHLD} = "IGNORE";
$SIG{PIPE} = "IGNORE";
unlink($listen);
my $door = IO::Socket::UNIX->new(Local => $listen, Listen => 64) or die "$listen: $!";
while (my $client = $door->accept()) {
	my $pid = fork();

	if (defined $pid && $pid == 0) {
		close($door);
		serve($client);
		exit;
	}
	close($client);
}
