#!/usr/bin/perl
# An S3-compatible store with moods, to be asked by a sweep:
#
#	store.pl FOLDER
#
# listens on a free port of 127.0.0.1, which it writes to FOLDER/port.  The
# bucket's name is the mood, a row of %moods below: what it answers to each sort
# of request, the first time, the second time, and so on; the last stands for
# all further times.  What a mood says nothing of is answered as a good store
# would.  FOLDER/BUCKET.log gets a line for each request: its sort, or
# "sort expect" where the client waits for a 100.
use strict;
use warnings;
use Digest::MD5 qw(md5_hex md5);
use IO::Socket::INET;

my $folder = shift;
my $html = "<!doctype html><html><head><title>Browser</title></head></html>";
my $other = "d41d8cd98f00b204e9800998ecf8427e";	# the MD5 of nothing
my $kms = "x-amz-server-side-encryption: aws:kms\r\n";

# A whole answer.
sub answer
{
	my ($status, $headers, $body) = @_;

	return "HTTP/1.1 $status\r\n$headers" .
	    "Content-Length: " . length($body) . "\r\n\r\n$body";
}

sub error
{
	my ($status, $code, $headers) = @_;

	return sub { answer("$status No", ($headers // "") .
	    "Content-Type: application/xml\r\n",
	    "<?xml version=\"1.0\"?>\n<Error><Code>$code</Code></Error>") };
}

# 200 with these headers, in which MD5 is that of what was sent.
sub fine
{
	my ($headers, $body, $status) = @_;

	return sub {
		my $md5 = md5_hex($_[0]{body});
		(my $text = $headers) =~ s/MD5/$md5/g;
		return answer($status // "200 OK", $text, $body // "");
	};
}

# HEAD: of the size of what was sent last, and so many bytes more.
sub head
{
	my ($headers, $more) = @_;

	return sub { "HTTP/1.1 200 OK\r\n${headers}Content-Length: " .
	    ($_[0]{size} + ($more // 0)) . "\r\n\r\n" };
}

my $page = fine("Content-Type: text/html\r\n", $html);
my $right = fine("ETag: \"MD5\"\r\n");
my $cut = sub { "" };
my $missing = sub { "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n" };
my $nothing = fine("");
my $internal = fine("ETag: \"MD5\"\r\n",
    "<?xml version=\"1.0\"?>\n\n<Error><Code>InternalError</Code></Error>");

# The answer to a completion: what there is, blanks first, a piece at a time.
sub completed
{
	my ($etag, $lead) = @_;

	return sub { answer("200 OK", "Content-Type: application/xml\r\n",
	    ($lead // "") . "<?xml version=\"1.0\"?>\n" .
	    "<CompleteMultipartUploadResult xmlns=\"http://s3/\">" .
	    "<ETag>&quot;" . ($etag // $_[0]{etag}) .
	    "&quot;</ETag></CompleteMultipartUploadResult>") };
}

my %moods = (
	# proofs
	quoted		=> { put => [ $right ] },
	bare		=> { put => [ fine("ETag: MD5\r\n") ] },
	weak		=> { put => [ fine("ETag: W/\"MD5\"\r\n") ] },
	upper		=> { put => [ sub { answer("200 OK", "ETag: \"" .
			    uc(md5_hex($_[0]{body})) . "\"\r\n", "") } ] },
	created		=> { put => [ fine("ETag: \"MD5\"\r\n", "", "201 Created") ] },
	"sse-s3"	=> { put => [ fine("x-amz-server-side-encryption: AES256\r\nETag: \"MD5\"\r\n") ] },
	"html-empty"	=> { put => [ fine("Content-Type: text/html; charset=UTF-8\r\nETag: \"MD5\"\r\n") ] },
	early		=> { put => [ sub { "HTTP/1.1 103 Early Hints\r\n\r\n" . $right->(@_) } ] },
	# no proof in the answer: the size is asked for
	"no-etag"	=> { put => [ $nothing ] },
	kms		=> { put => [ fine("${kms}ETag: \"$other\"\r\n") ],
			     head => [ head("${kms}ETag: \"$other\"\r\n") ] },
	azure		=> { put => [ fine("ETag: \"0x8DCAFE0123456789\"\r\n") ] },
	"of-parts"	=> { put => [ fine("ETag: \"$other-1\"\r\n") ] },
	"long-etag"	=> { put => [ fine("ETag: \"" . "e" x 300 . "\"\r\n") ] },
	"head-later"	=> { put => [ $nothing ], head => [ error(503, ""), head("") ] },
	"head-late"	=> { put => [ $nothing ], head => [ $missing, head("") ] },
	# none at all
	"web-page"	=> { put => [ $page ] },
	"page-etag"	=> { put => [ fine("ETag: \"MD5\"\r\nContent-Type: application/xml\r\n",
			    "\n<?xml version=\"1.0\"?><!-- x -->\n<HTML>") ] },
	"page-text"	=> { put => [ fine("ETag: \"MD5\"\r\nContent-Type: text/html\r\n",
			    "Please log in.") ] },
	nothing		=> { put => [ $nothing ], head => [ $missing ] },
	"head-size"	=> { put => [ $nothing ], head => [ head("", -1) ] },
	"head-no-size"	=> { put => [ $nothing ], head => [ sub { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" } ] },
	"head-page"	=> { put => [ $nothing ], head => [ head("Content-Type: text/html\r\n") ] },
	"head-other"	=> { put => [ $nothing ], head => [ head("ETag: \"$other\"\r\n") ] },
	"head-denied"	=> { put => [ fine("${kms}ETag: \"$other\"\r\n") ],
			     head => [ sub { "HTTP/1.1 403 Forbidden\r\n\r\n" } ] },
	"wrong-md5"	=> { put => [ fine("ETag: \"$other\"\r\n") ] },
	"weak-wrong"	=> { put => [ fine("ETag: W/\"$other\"\r\n") ] },
	# errors
	"error-200"	=> { put => [ $internal ] },
	"error-xmlns"	=> { put => [ fine("ETag: \"MD5\"\r\n", "<Error xmlns=\"http://s3/\">" .
			    "<Code>AccessDenied</Code></Error>") ] },
	region		=> { put => [ error(307, "TemporaryRedirect", "Location: /quoted/stolen\r\n") ] },
	elsewhere	=> { put => [ error(301, "PermanentRedirect") ] },
	"slow-once"	=> { put => [ error(503, "SlowDown"), error(503, "SlowDown"), $right ] },
	"slow-ever"	=> { put => [ error(503, "SlowDown") ] },
	skewed		=> { put => [ error(400, "RequestTimeTooSkewed") ] },
	denied		=> { put => [ error(403, "AccessDenied") ] },
	unknown		=> { put => [ error(401, "") ] },
	"no-bucket"	=> { put => [ error(404, "NoSuchBucket") ] },
	"no-store"	=> { put => [ fine("Content-Type: text/html\r\n", $html, "404 Not Found") ] },
	"bad-gateway"	=> { put => [ fine("Content-Type: text/html\r\n", $html, "502 Bad Gateway"), $right ] },
	digest		=> { put => [ error(400, "BadDigest"), $right ] },
	odd		=> { put => [ error(417, "") ] },
	"cut-once"	=> { put => [ $cut, $right ] },
	"cut-answer"	=> { put => [ sub { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<R" }, $right ] },
	garbage		=> { put => [ sub { "SSH-2.0-OpenSSH\r\n" } ] },
	# large objects
	parts		=> { },
	"expects-not"	=> { refuses => 1 },
	"part-page"	=> { part => [ $page ] },
	"part-no-etag"	=> { part => [ $nothing ] },
	"part-wrong"	=> { part => [ fine("ETag: \"$other\"\r\n") ] },
	"part-error"	=> { part => [ $internal, $right ] },
	"parts-kms"	=> { part => [ fine("${kms}ETag: \"$other\"\r\n") ],
			     complete => [ completed("$other-2") ] },
	"create-page"	=> { create => [ $page ] },
	"find-page"	=> { find => [ $page ] },
	blanks		=> { complete => [ completed(undef, " \n" x 500) ] },
	"late-error"	=> { complete => [ fine("", " \n" x 50 . "<?xml version=\"1.0\"?>\n" .
			    "<Error><Code>InternalError</Code></Error>"), completed() ] },
	"late-denied"	=> { complete => [ fine("", "<Error><Code>AccessDenied</Code></Error>") ] },
	"says-nothing"	=> { complete => [ $nothing ] },
	"has-nothing"	=> { complete => [ $nothing ], head => [ $missing ] },
	"whole-page"	=> { complete => [ $page ] },
	"whole-wrong"	=> { complete => [ completed("$other-2") ] },
	"whole-cut"	=> { complete => [ $cut, error(404, "NoSuchUpload"), completed() ] },
);

my %good = (
	put	=> $right,
	part	=> $right,
	head	=> head(""),
	find	=> fine("", "<ListMultipartUploadsResult/>"),
	create	=> fine("", "<R><UploadId>one</UploadId></R>"),
	complete => completed(),
);

sub sort_of
{
	my ($method, $query) = @_;

	return "put" if $method eq "PUT" && $query eq "";
	return "part" if $method eq "PUT";
	return "head" if $method eq "HEAD";
	return "find" if $method eq "GET";
	return $query =~ /uploadId=/ ? "complete" : "create";
}

# What the bucket was told so far, for all processes.
sub told
{
	my $bucket = shift;

	open(my $log, "<", "$folder/$bucket.log") or return ();
	return <$log>;
}

sub record
{
	my ($bucket, $line) = @_;

	open(my $log, ">>", "$folder/$bucket.log") or die;
	print $log "$line\n";
}

sub note
{
	my ($path, $text) = @_;

	open(my $file, ">", $path) or die;
	binmode($file);
	print $file $text;
}

sub noted
{
	open(my $file, "<", shift) or return "";
	binmode($file);
	local $/;
	return <$file> // "";
}

# Of each object: how many bytes it has, and the sums of its parts.
sub take_body
{
	my ($object, $sort, $query, $body) = @_;

	note("$object.size", length($body)) if $sort eq "put";
	return if $sort ne "part";
	my ($n) = $query =~ /partNumber=([0-9]+)/;
	note("$object.part-$n", md5($body));
	my $size = $n == 1 ? 0 : noted("$object.size");
	note("$object.size", $size + length($body));
}

sub parts_etag
{
	my $object = shift;
	my @sums = map { noted("$object.part-$_") } 1 .. 2;

	return md5_hex(join("", @sums)) . "-2";
}

sub read_head
{
	my $client = shift;
	my ($head, $line) = ("");

	while (defined($line = <$client>)) {
		return $head if $line =~ /^\r?\n$/;
		$head .= $line;
	}
	return undef;
}

# One request; false: the connection is of no more use.
sub serve
{
	my $client = shift;
	my $head = read_head($client) // return 0;
	my ($method, $bucket, $key, $query) =
	    $head =~ m{^([A-Z]+) /([^/? ]*)([^? ]*)\??(\S*)} or return 0;
	my $object = "$folder/$bucket." . md5_hex($key);
	my $sort = sort_of($method, $query);
	my $expects = $head =~ /^Expect:/im;
	my $mood = $moods{$bucket} // {};
	my $body = "";

	record($bucket, $expects ? "$sort expect" : $sort);
	if ($expects && $mood->{refuses}) {
		print $client "HTTP/1.1 417 Expectation Failed\r\n" .
		    "Content-Length: 0\r\n\r\n";
		return 1;
	}
	print $client "HTTP/1.1 100 Continue\r\n\r\n" if $expects;
	read($client, $body, $1) if $head =~ /^Content-Length: *([0-9]+)/im;
	take_body($object, $sort, $query, $body);
	my $nth = grep(/^$sort\b/, told($bucket));
	my $answers = $mood->{$sort} // [ $good{$sort} ];
	my $answer = $answers->[$nth > @$answers ? -1 : $nth - 1];
	print $client $answer->({ body => $body,
	    size => noted("$object.size") || 0, etag => parts_etag($object) });
	return 0;
}

my $listen = IO::Socket::INET->new(Listen => 50, LocalAddr => "127.0.0.1",
    LocalPort => 0, ReuseAddr => 1) or die "listen: $!";
note("$folder/port.new", $listen->sockport());
rename("$folder/port.new", "$folder/port");
$SIG{CHLD} = "IGNORE";
$SIG{PIPE} = "IGNORE";
while (1) {
	my $client = $listen->accept() or next;
	my $pid = fork();
	if ($pid == 0) {
		close($listen);
		$client->autoflush(1);
		binmode($client);
		1 while serve($client);
		exit 0;
	}
	close($client);
}
