#!/bin/bash
# Web servers' own logs: whatever they refuse, and whatever is wrong behind them,
# no token is in their access and error logs, as lighttpd's configuration ships and
# as docs/deploy.md has the lines for nginx and Apache.
. "$(dirname -- "$0")/lib.sh"
PATH=$PATH:/usr/sbin:/sbin
run_start run
TOKEN=$GENHOOK_TOKEN_APIMART

# block WORDS: the lines of docs/deploy.md between ``` that hold these words, with
# the places of this test in them.
block()
{
	awk -v words="$1" '
	/^```/ { if (in_block && index(text, words)) printf "%s", text
		in_block = !in_block; text = ""; next }
	in_block { text = text $0 "\n" }' "$TOP/docs/deploy.md" |
	sed "s|127.0.0.1:8100|127.0.0.1:$UPSTREAM|; s|8100|$UPSTREAM|
	    s|/var/log/[a-z0-9]*/|$LOGS/|g; s|/usr/local/share/genhook|$TOP|g
	    s|timeout=15|timeout=2|; s|timeout 15s|timeout 2s|"
}

# raw TEXT: send these bytes to port $PORT, and print the first line that comes.
raw()
{
	printf '%b' "$1" | timeout 20 perl -MIO::Socket::INET -e '
		my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]") or exit;
		local $/; $SIG{PIPE} = "IGNORE"; print $s scalar <STDIN>;
		$s->shutdown(1) unless $ARGV[1]; $_ = <$s> // "";
		print substr($_, 0, index($_, "\r\n")), "\n"' "$PORT"
}

path=/hook/apimart/$TOKEN/callback
# What a client may get wrong; each names the token.
mistakes()
{
	local post="POST $path HTTP/1.1\r\nHost: x\r\n"

	{
		raw "$post\r\n"
		raw "BREW $path HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
		raw "$post""Transfer-Encoding: gzip\r\n\r\nabc"
		raw "$post""Expect: miracles\r\nContent-Length: 1\r\n\r\na"
		raw "$post""Content-Length: -1\r\n\r\n"
		raw "$post""Content-Length: 1\r\nContent-Length: 2\r\n\r\na"
		raw "$post""Content-Length: 9000000\r\n\r\nabc"
		raw "$post""Transfer-Encoding: chunked\r\n\r\nzz\r\n"
		raw "$post""Content-Length: 100\r\n\r\nand no more"
		raw "$post""broken header\r\nContent-Length: 1\r\n\r\na"
		raw "$post""X: $(printf '%040000d' 0)\r\nContent-Length: 1\r\n\r\na"
		raw "POST $path HTTP/1.1\r\nContent-Length: 1\r\n\r\na"
		raw "POST $path HTTP/7.7\r\nHost: x\r\nContent-Length: 1\r\n\r\na"
		raw "POST $path/$(printf '%09000d' 0) HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na"
		raw "POST $path?$TOKEN HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na"
		raw "POST /hook/$TOKEN HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na"
		raw "POST /hook/apimart/x/../$TOKEN HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na"
		raw "POST /hook/nobody/$TOKEN HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na"
		head -c 3000000 /dev/zero | curl -sS --noproxy '*' -m 20 -o /dev/null -w 'chunked: %{http_code}\n' \
		    -H 'Transfer-Encoding: chunked' --data-binary @- "http://127.0.0.1:$PORT$path"
	} >"$WORK/mistakes" 2>&1
}
# What may be wrong behind it, one after the other, by a server that takes
# connections and then closes, says nonsense, half an answer, or nothing.
strange_server()
{
	perl -MIO::Socket::INET -e '
		my $l = IO::Socket::INET->new(Listen => 64, LocalAddr => "127.0.0.1:0") or die;
		open(F, ">", $ARGV[0]); print F $l->sockport; close(F); my @kept;
		for (my $n = 0; my $c = $l->accept; $n++) {
			sysread($c, my $b, 65536) if $n % 5;
			syswrite($c, "nonsense\r\n") if $n % 5 == 2;
			syswrite($c, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf") if $n % 5 == 3;
			push @kept, $c if $n % 5 == 4;
		}' "$WORK/strange.port" >"$WORK/strange.out" 2>&1 </dev/null &
	RUNS+=($!)
	soon 30 test -s "$WORK/strange.port"
}
callbacks()	# COUNT
{
	local n

	for ((n = 0; n < $1; n++)); do
		curl -sS --noproxy '*' -m 4 -o /dev/null -w '%{http_code}\n' \
		    --data-binary '{"id":"t-1","status":"failed"}' "http://127.0.0.1:$PORT$path"
	done 2>&1
}
logged_token()	{ grep -rlF -- "$TOKEN" "$1"; }
has_token()	{ grep -qF -- "$TOKEN" "$1"; }
# Servers may write a line after they have answered.
lines()		{ cat "$LOGS"/* 2>/dev/null | wc -l; }
logs_settle()
{
	local before=-1

	until [ "$(lines)" = "$before" ]; do
		before=$(lines)
		sleep 0.5
	done
}

# --- each server in front, as docs/deploy.md has it, or as it comes (plain)
nginx_conf()	# plain or ours
{
	cat <<-END
	daemon off;
	worker_processes 1;
	pid $LOGS.pid;
	error_log $LOGS/error.log;
	events { }
	http {
	access_log $LOGS/access.log;
	client_body_temp_path $LOGS.tmp/body;
	proxy_temp_path $LOGS.tmp/proxy;
	fastcgi_temp_path $LOGS.tmp/fastcgi;
	uwsgi_temp_path $LOGS.tmp/uwsgi;
	scgi_temp_path $LOGS.tmp/scgi;
	END
	if [ "$1" = ours ]; then
		block 'log_format genhook'
	fi
	echo "server { listen 127.0.0.1:$PORT;"
	if [ "$1" = ours ]; then
		block 'location /hook/'
	else
		echo "location /hook/ { proxy_pass http://127.0.0.1:$UPSTREAM; proxy_read_timeout 2s; client_max_body_size 2m; }"
	fi
	echo "}}"
}
apache_conf()
{
	local module

	for module in mpm_event authz_core proxy proxy_http; do
		echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
	done
	cat <<-END
	ServerName localhost
	PidFile $LOGS.pid
	DefaultRuntimeDir $LOGS.tmp
	Listen 127.0.0.1:$PORT
	LogFormat "%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"" combined
	ErrorLog $LOGS/main-error.log
	<VirtualHost *:$PORT>
	LimitRequestBody 2097152
	END
	if [ "$1" = ours ]; then
		block 'ProxyPass '
	else
		cat <<-END
		ProxyPass "/hook/" "http://127.0.0.1:$UPSTREAM/hook/" timeout=2
		CustomLog $LOGS/access.log combined
		ErrorLog $LOGS/error.log
		END
	fi
	echo "</VirtualHost>"
}
lighttpd_conf()
{
	cat <<-END
	server.modules = ("mod_accesslog", "mod_proxy")
	server.document-root = "$LOGS.tmp"
	server.bind = "127.0.0.1"
	server.port = $PORT
	server.errorlog = "$LOGS/error.log"
	server.max-request-size = 2048
	END
	if [ "$1" = ours ]; then
		block 'accesslog.filename'
		block 'proxy.server'
	else
		cat <<-END
		accesslog.filename = "$LOGS/access.log"
		\$HTTP["url"] =~ "^/hook/" { proxy.server = ("" => (("host" => "127.0.0.1", "port" => $UPSTREAM))) }
		END
	fi
}
nginx_run()	{ exec nginx -p "$LOGS.tmp" -e "$LOGS/error.log" -c "$1"; }
apache_run()	{ exec apache2 -f "$1" -D FOREGROUND; }
lighttpd_run()	{ exec lighttpd -D -f "$1"; }

# front SERVER plain|ours UPSTREAM: serves on $PORT with its logs in $LOGS.
front()
{
	LOGS=$WORK/$1-$2
	UPSTREAM=$3
	mkdir -p "$LOGS" "$LOGS.tmp"
	for _ in 1 2 3 4 5; do
		PORT=$(free_port)
		"$1_conf" "$2" >"$LOGS.conf"
		("$1_run" "$LOGS.conf") >>"$LOGS.out" 2>&1 </dev/null &
		FRONT=$!
		soon 30 front_settled
		kill -0 "$FRONT" 2>/dev/null && break
	done
	RUNS+=("$FRONT")
	check "$1 ($2) serves" kill -0 "$FRONT"
}
front_settled()
{
	! kill -0 "$FRONT" 2>/dev/null ||
	    curl -s --noproxy '*' -m 5 -o /dev/null "http://127.0.0.1:$PORT/"
}
front_end()
{
	logs_settle
	kill -TERM "$FRONT"
	wait "$FRONT" 2>/dev/null
}

# A front server that tries again meets another of the strange answers: so it may
# take more than one round until one is worth a line of its error log.
told_in_error_log()
{
	callbacks 6 >/dev/null
	logs_settle
	has_token "$LOGS/error.log"
}

strange_server
STRANGE=$(cat "$WORK/strange.port")
DEAD=$(free_port)
for server in nginx apache lighttpd; do
	front "$server" plain "$STRANGE"
	soon 60 told_in_error_log
	front_end
	check "$server as it comes: the token is in its access log" has_token "$LOGS/access.log"
	check "and in its error log" has_token "$LOGS/error.log"

	front "$server" ours "$RUN_PORT"
	like "$server with our lines: a callback is taken" '^200 ' "$(post_text "http://127.0.0.1:$PORT$path" '{"id":"'"$server"'","status":"failed"}')"
	mistakes
	check "$server refuses what is wrong" grep -q '^HTTP/1.[01] [45]' "$WORK/mistakes"
	front_end
	front "$server" ours "$DEAD"
	same "$server with nothing behind it" 503 "$(callbacks 3 | sed 's/502/503/' | sort -u)"
	mistakes
	front_end
	front "$server" ours "$STRANGE"
	like "$server with nonsense behind it" '50[0-9]' "$(callbacks 6 | sort -u | tr '\n' ' ')"
	front_end
	check "$server has written what was answered" grep -q ' 200 .*' <(cat "$LOGS"/*)
	check "and what was not" grep -qE ' 50[0-9] ' <(cat "$LOGS"/*)
	same "no token is in a log of $server" '' "$(logged_token "$LOGS")"
done

# --- lighttpd as it ships: standing alone ...
PORT=$RUN_PORT
mistakes
check "lighttpd alone refuses what is wrong" grep -q '^HTTP/1.[01] 501' "$WORK/mistakes"
check "a POST without a length" grep -q '^HTTP/1.[01] 411' "$WORK/mistakes"
# killed_over PID LOG: the handlers of that lighttpd die over a callback; is it in the
# log?
killed_over()
{
	local pid victims=

	for pid in $(children "$1"); do
		! grep -q '^genhook-apimart' "/proc/$pid/comm" || victims+=" $pid"
	done
	# shellcheck disable=SC2086 # words are wanted
	kill -STOP $victims
	callbacks 1 >/dev/null &
	pid=$!
	sleep 1
	# shellcheck disable=SC2086 # words are wanted
	kill -KILL $victims
	wait "$pid"
	sleep 0.5
	grep -q 'response not received.*/hook/apimart[/?](cut)' "$2"
}
check "a handler that dies is in its error log, without the token" soon 60 killed_over "$(server)" "$RUN_DIR/log/lighttpd.log"
same "no token is in its logs" '' "$(logged_token "$RUN_DIR/log")"

# --- ... and beside other sites, whose configuration sets all that may be set once
LOGS=$WORK/debian
mkdir -p "$LOGS" "$WORK/debian.run"
chmod 0700 "$WORK/debian.run"
sed "s|/usr/local/share/genhook|$TOP|; s|/usr/local/lib/genhook|$BIN|; s|/run/lighttpd|$WORK/debian.run|
    s|/etc/genhook/genhook.conf|$GENHOOK_CONF|; s|/var/log/lighttpd|$LOGS|" \
    "$TOP/lighttpd/50-genhook.conf" >"$WORK/50-genhook.conf"
other_sites()
{
	cat <<-END
	server.modules = ("mod_access", "mod_accesslog")
	server.document-root = "$LOGS"
	server.errorlog = "$LOGS/error.log"
	server.breakagelog = "$LOGS/breakage.log"
	server.errorfile-prefix = "$LOGS/"
	server.max-request-size = 9000
	server.upload-dirs = ("$LOGS")
	mimetype.assign = (".html" => "text/html")
	accesslog.format = "%h %V %u %t \"%r\" %>s %b"
	END
	block 'accesslog.filename'
}
{ other_sites; echo "include \"$WORK/50-genhook.conf\""; } >"$WORK/before.conf"
{ echo 'server.port = 80'; echo "include \"$WORK/50-genhook.conf\""; other_sites | sed 's/^server.modules =/server.modules +=/'; } >"$WORK/behind.conf"
for order in before behind; do
	check "what other sites set $order ours collides with nothing" lighttpd -tt -f "$WORK/$order.conf"
done
web_start debian <"$WORK/before.conf"
PORT=${WEB##*:}
like "a callback is taken" '^200 ' "$(post_text "$WEB$path" '{"id":"debian","status":"failed"}')"
post_text "$WEB/hook/apimart/nobody-there" '{}' >/dev/null
handler_said()	{ grep -q '404 - nothing read' "$LOGS/genhook.log"; }
check "the handlers log to their own file" soon 30 handler_said
same "and not to that of the other sites" 0 "$(grep -c 'nothing read' "$LOGS/breakage.log")"
mistakes
check "a handler that dies is in an error log of its own, without the token" soon 60 killed_over "$WEB_PID" "$LOGS/genhook-error.log"
seen_411()	{ grep -q '"POST /hook/apimart/(cut).* 411 ' "$LOGS/access.log"; }
check "what lighttpd refuses at once is in the access log, cut" soon 30 seen_411
logs_settle
same "no token is in any of them" '' "$(logged_token "$LOGS")"
finish
