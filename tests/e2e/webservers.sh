#!/bin/bash
# Web servers with the lines of docs/deploy.md: each way in which they serve genhook
# takes callbacks, and whatever they refuse, and whatever is wrong behind them, no
# token is in their access and error logs.
. "$(dirname -- "$0")/lib.sh"
PATH=$PATH:/usr/sbin:/sbin
run_start run
TOKEN=$GENHOOK_TOKEN_APIMART
SOCKETS=$WORK/sockets
mkdir -m 0711 "$SOCKETS"
PATIENCE=15	# in place of the seconds that docs/deploy.md has

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
	    s|/usr/local/lib/genhook|$BIN|g; s|/run/genhook/|$SOCKETS/|g
	    s|/run/fcgiwrap.socket|$SOCKETS/wrap.sock|g
	    s|include fastcgi_params|include /etc/nginx/fastcgi_params|
	    s|http://hooks.example.com|http://127.0.0.1:$PORT|
	    s|^hooks.example.com|http://127.0.0.1:$PORT|
	    s|timeout=15|timeout=$PATIENCE|; s|timeout 15s|timeout ${PATIENCE}s|"
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

# --- each server in front: with the lines of docs/deploy.md (ours), before a lighttpd
# or in one of the other ways, or as it comes (plain)
nginx_way()	# its lines in the server block
{
	case $1 in
	plain)	echo "location /hook/ { proxy_pass http://127.0.0.1:$UPSTREAM; proxy_read_timeout 2s; client_max_body_size 2m; }" ;;
	ours)	block 'proxy_set_header' ;;
	fastcgi) block 'fastcgi_pass unix:/run/genhook/hook.sock' ;;
	# The settings' usual place needs no word.
	fcgiwrap) block 'fcgiwrap.socket' | sed "s|fastcgi_param PATH_INFO.*|&\n\tfastcgi_param GENHOOK_CONF $GENHOOK_CONF;|" ;;
	esac
}
nginx_conf()
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
	[ "$1" = plain ] || block 'log_format genhook'
	echo "server { listen 127.0.0.1:$PORT;"
	[ "$1" = plain ] || block 'combined if='
	nginx_way "$1"
	echo "}}"
}
apache_modules()	# of each way
{
	case $1 in
	plain|ours)	echo proxy proxy_http ;;
	fastcgi)	echo proxy proxy_fcgi ;;
	cgid)		echo alias env cgid ;;
	fcgid)		echo alias fcgid ;;
	esac
}
apache_way()
{
	case $1 in
	ours)	block 'ProxyPass "/hook/"' ;;
	fastcgi) block '|fcgi://' ;;
	cgid)	block 'ScriptAlias "/hook"'
		echo "SetEnv GENHOOK_CONF $WWW_CONF" ;;
	fcgid)	block 'ScriptAlias "/hook"'
		block 'SetHandler fcgid-script'
		echo "FcgidInitialEnv GENHOOK_CONF $WWW_CONF" ;;
	esac
}
apache_conf()
{
	local module

	for module in mpm_event authz_core $(apache_modules "$1"); do
		echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
	done
	case $1 in	# their usual places are the machine's
	cgid)	echo "ScriptSock $LOGS.tmp/cgid.sock" ;;
	fcgid)	printf 'FcgidIPCDir %s\nFcgidProcessTableFile %s.table\n' "$LOGS.tmp/fcgid" "$LOGS.tmp/fcgid" ;;
	esac
	cat <<-END
	ServerName localhost
	PidFile $LOGS.pid
	DefaultRuntimeDir $LOGS.tmp
	Listen 127.0.0.1:$PORT
	LogFormat "%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"" combined
	ErrorLog $LOGS/main-error.log
	$([ "$(id -u)" -ne 0 ] || printf 'User www-data\nGroup www-data')
	<VirtualHost *:$PORT>
	END
	if [ "$1" = plain ]; then
		cat <<-END
		LimitRequestBody 2097152
		ProxyPass "/hook/" "http://127.0.0.1:$UPSTREAM/hook/" timeout=2
		CustomLog $LOGS/access.log combined
		ErrorLog $LOGS/error.log
		END
	else
		block 'LimitRequestBody'
		apache_way "$1"
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
caddy_conf()
{
	block caddy.log | sed '1s/{/{\n\tadmin off/'
	block 'hooks.example.com {'
}
nginx_run()	{ exec nginx -p "$LOGS.tmp" -e "$LOGS/error.log" -c "$1"; }
apache_run()	{ exec apache2 -f "$1" -D FOREGROUND; }
lighttpd_run()	{ exec lighttpd -D -f "$1"; }
caddy_run()	{ HOME=$LOGS.tmp exec caddy run --config "$1" --adapter caddyfile; }

# front SERVER WAY [UPSTREAM]: serves on $PORT with its logs in $LOGS.
front()
{
	LOGS=$WORK/$1-$2
	UPSTREAM=${3:-0}
	case $2 in	# some upstreams never answer
	plain|ours)	PATIENCE=2 ;;
	*)		PATIENCE=15 ;;
	esac
	mkdir -p "$LOGS" "$LOGS.tmp"
	[ "$(id -u)" -ne 0 ] || chown www-data: "$LOGS.tmp"
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

# --- each way without a lighttpd between: services, and plain CGI
# The settings as Apache's user may read them.
WWW_CONF=$WORK/www/genhook.conf
mkdir -m 0711 "$WORK/www" "$WORK/www/spool"
sed "s|$GENHOOK_SPOOL|$WORK/www/spool|" "$GENHOOK_CONF" >"$WWW_CONF"
chmod 0600 "$WWW_CONF"
if [ "$(id -u)" -eq 0 ]; then
	chown -R www-data: "$WORK/www"
	chmod o+x "$RUN_DIR" "$RUN_DIR/pg" "$PGHOST"	# the way to the database
	chmod 0777 "$PGHOST/.s.PGSQL.$PGPORT"
fi

services_start()
{
	local name

	SERVICES=()
	rm -f "$SOCKETS"/*.sock
	for name in hook web; do
		tests/e2e/lib/holder.pl "$SOCKETS/$name.sock" "$WORK/$name.pids" "$BIN/genhook-$name" \
		    >>"$WORK/services.out" 2>&1 &
		SERVICES+=($!)
	done
	fcgiwrap -f -s "unix:$SOCKETS/wrap.sock" >>"$WORK/services.out" 2>&1 </dev/null &
	SERVICES+=($!)
	RUNS+=("${SERVICES[@]}")
	for name in hook web wrap; do
		soon 30 test -S "$SOCKETS/$name.sock"
		chmod 0777 "$SOCKETS/$name.sock"	# for other users
	done
}
services_end()
{
	kill -TERM "${SERVICES[@]}"
	wait "${SERVICES[@]}" 2>/dev/null
}
head -c 1500000 /dev/zero | tr '\0' ' ' >"$WORK/large"
# way SERVER WAY: what a provider and a person see of it.
way()
{
	local at page id=$1-$2 body

	front "$1" "$2"
	at=http://127.0.0.1:$PORT$path
	page=http://127.0.0.1:$PORT/genhook
	body='{"id":"'$id'","status":"failed"}'
	same "$id: a callback" '200 {"status":"accepted"}' "$(post_text "$at" "$body")"
	same "again" '200 {"status":"duplicate"}' "$(post_text "$at" "$body")"
	same "in chunks" '200 {"status":"accepted"}' \
	    "$(post_text "$at" "${body/$id/$id-chunks}" -H 'Transfer-Encoding: chunked')"
	like "what is no JSON, in chunks" '^400 .*"error"' "$(post_text "$at" "${body%\}}" -H 'Transfer-Encoding: chunked')"
	like "a wrong token" '^404 .*"not found"' "$(post_text "${at%/*/*}/wrong-token-here" "$body")"
	like "a wrong token, and a large body" '^404 ' "$(post "${at%/*/*}/wrong-token-here" "$WORK/large")"
	like "a body over the limit" '^413 ' "$(post "$at" "$WORK/large")"
	like "a body over the limit, in chunks" '^413 ' "$(post "$at" "$WORK/large" -H 'Transfer-Encoding: chunked')"
	like "a GET" '^405 ' "$(post_text "$at" '' -X GET)"
	like "healthz" '^200 .*"database":"ok"' "$(post_text "http://127.0.0.1:$PORT/hook/apimart/healthz" '' -X GET)"
	same "each is stored once" "$id 1 2, $id-chunks 1 1" "$(sql "select string_agg(task_id || ' ' || n || ' ' || d, ', ' order by task_id) from
	    (select t.task_id, count(distinct t) n, count(*) d from genhook.tasks t join genhook.deliveries using (provider, task_id)
	    where task_id in ('$id', '$id-chunks') group by 1) x")"
	same "the page" 200 "$(curl -sS --noproxy '*' -m 20 -o /dev/null -w '%{http_code}' "$page/")"
	same "and its lists ask who it is" 401 "$(curl -sS --noproxy '*' -m 20 -o /dev/null -w '%{http_code}' "$page/api/overview")"
	like "without a slash" "^30[1278] $page/\$" "$(curl -sS --noproxy '*' -m 20 -o /dev/null -w '%{http_code} %{redirect_url}' "$page")"
	mistakes
	check "$1 refuses what is wrong" grep -q '^HTTP/1.[01] [45]' "$WORK/mistakes"
	if [[ $2 = fastcgi || $2 = fcgiwrap ]]; then
		services_end
		like "with nothing behind it" '50[0-9]' "$(callbacks 3 | sort -u | tr '\n' ' ')"
		mistakes
	fi
	front_end
	[[ $2 != fastcgi && $2 != fcgiwrap ]] || services_start
	check "it has written what was answered" grep -q '200' <(cat "$LOGS"/*)
	same "no token is in a log of it" '' "$(logged_token "$LOGS")"
}
services_start
way nginx fastcgi
way nginx fcgiwrap
way apache fastcgi
way apache cgid
way apache fcgid
way caddy fastcgi
services_end

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
