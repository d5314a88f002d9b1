#!/bin/bash
# What stands between a provider and the handlers, with the lines of docs/deploy.md: TLS by
# Debian's lighttpd, IPv6, and Cloudflare's networks as proxies that are believed.  In a
# network of its own, where this machine has the addresses that it wants.
. "$(dirname -- "$0")/lib/network.sh"
. "$(dirname -- "$0")/lib.sh"
EDGE=162.158.7.9	# one of Cloudflare's,
EDGE6=2400:cb00:7::9	# and another;
HERE=192.0.2.1		# our server's own,
HERE6=2001:db8::1
STRANGER=198.51.100.4	# somebody who comes past Cloudflare,
STRANGER6=2001:db8::4
PROVIDER=203.0.113.5	# and who called Cloudflare, says it.
PROVIDER6=2001:db8:5::5
for address in "$EDGE" "$HERE" "$STRANGER"; do
	ip address add "$address/32" dev lo
done
for address in "$EDGE6" "$HERE6" "$STRANGER6"; do
	ip address add "$address/128" dev lo nodad
done
run_start run

# block WORDS: the lines of docs/deploy.md between ``` that hold these words.
block()
{
	awk -v words="$1" '
	/^```/ { if (in_block && index(text, words)) printf "%s", text
		in_block = !in_block; text = ""; next }
	in_block { text = text $0 "\n" }' "$TOP/docs/deploy.md"
}

# --- Cloudflare's networks, as the page has them, in the settings
block '173.245.48.0/20' | sed '1d; $d' >"$WORK/proxies"
sed -i "/^receiver {/r $WORK/proxies" "$GENHOOK_CONF"
settings_pass()	{ "$BIN/genhook" config check >"$WORK/check.out" 2>&1 || { cat "$WORK/check.out"; return 1; }; }
check "the settings take these networks" settings_pass
same "all of them" 22 "$(grep -o '"[0-9a-f:.]*/[0-9]*"' "$WORK/proxies" | wc -l)"

# --- Debian's lighttpd, with the snippet that ships and TLS as the page has it
mkdir -p "$WORK/debian/conf-enabled" "$WORK/debian/run" "$WORK/debian/html"
chmod 0700 "$WORK/debian/run"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$WORK/debian/privkey.pem" \
    -out "$WORK/debian/fullchain.pem" -days 2 -subj /CN=hooks.example.com \
    -addext "subjectAltName=DNS:hooks.example.com,IP:$HERE6" 2>/dev/null
block 'ssl.pemfile' | sed -n "/END'\$/,/^END\$/p" | sed "1d; \$d; s|/etc/letsencrypt/live/hooks.example.com|$WORK/debian|" \
    >"$WORK/debian/conf-enabled/11-genhook-tls.conf"
sed "s|/usr/local/share/genhook|$TOP|; s|/usr/local/lib/genhook|$BIN|; s|/run/lighttpd|$WORK/debian/run|
    s|/etc/genhook/genhook.conf|$GENHOOK_CONF|; s|/var/log/lighttpd|$WORK/debian|" \
    "$TOP/lighttpd/50-genhook.conf" >"$WORK/debian/conf-enabled/50-genhook.conf"
sed "/^server.\(username\|groupname\)/d; s|/run/lighttpd.pid|$WORK/debian/pid|; s|/var/log/lighttpd|$WORK/debian|
    s|/var/cache/lighttpd/uploads|$WORK/debian|; s|/var/www/html|$WORK/debian/html|
    s|/etc/lighttpd/conf-enabled|$WORK/debian/conf-enabled|" /etc/lighttpd/lighttpd.conf >"$WORK/debian/lighttpd.conf"
"$(PATH=$PATH:/usr/sbin command -v lighttpd)" -D -f "$WORK/debian/lighttpd.conf" >"$WORK/debian.out" 2>&1 &
RUNS+=($!)
served()	{ post_text "$PLACE" "$(ok "$1")" "${@:2}"; }
from()		{ sql "select host(remote_addr::inet) from genhook.deliveries where task_id = '$1'"; }
# came WHAT SENDER FROM TO [HEADER...]: a callback over TLS from one address to another
# is taken, and its sender is known.
came()
{
	local id="came-$((n++))" name="$1: " wanted=$2 at=$3 to=$4 header options=()

	shift 4
	for header in "$@"; do
		options+=(-H "$header")
	done
	[[ $to != *:* ]] || to="[$to]"
	same "$name""taken" '200 {"status":"accepted"}' "$(served "$id" --interface "$at" \
	    --cacert "$WORK/debian/fullchain.pem" --connect-to "hooks.example.com:443:$to:443" "${options[@]}")"
	same "$name""its sender" "$wanted" "$(from "$id")"
}
n=0
PLACE=https://hooks.example.com/hook/apimart/$GENHOOK_TOKEN_APIMART/callback
up()	{ curl -s --noproxy '*' -m 5 -o "$WORK/up" --cacert "$WORK/debian/fullchain.pem" --connect-to "hooks.example.com:443:$1:443" https://hooks.example.com/hook/apimart/healthz; }
check "lighttpd serves TLS" soon 30 up "$HERE"
check "also by IPv6" soon 30 up "[$HERE6]"

came "IPv4" "$STRANGER" "$STRANGER" "$HERE"
came "IPv6" "$STRANGER6" "$STRANGER6" "$HERE6"
came "through Cloudflare" "$PROVIDER" "$EDGE" "$HERE" "X-Forwarded-For: $PROVIDER" "CF-Connecting-IP: $PROVIDER"
came "by IPv6" "$PROVIDER6" "$EDGE6" "$HERE6" "X-Forwarded-For: $PROVIDER6" "CF-Connecting-IP: $PROVIDER6"
came "from IPv6 to IPv4" "$PROVIDER6" "$EDGE" "$HERE" "X-Forwarded-For: $PROVIDER6" "CF-Connecting-IP: $PROVIDER6"
came "with no word of X-Forwarded-For" "$PROVIDER" "$EDGE" "$HERE" "CF-Connecting-IP: $PROVIDER"
came "what the sender wrote there is before it" "$PROVIDER" "$EDGE" "$HERE" "X-Forwarded-For: 10.0.0.1, $PROVIDER" "CF-Connecting-IP: $PROVIDER"
came "past Cloudflare the headers are mere words" "$STRANGER" "$STRANGER" "$HERE" "X-Forwarded-For: $PROVIDER" "CF-Connecting-IP: $PROVIDER"
came "by IPv6 too" "$STRANGER6" "$STRANGER6" "$HERE6" "X-Forwarded-For: $PROVIDER6" "CF-Connecting-IP: $PROVIDER6"
came "from Cloudflare itself" "$EDGE" "$EDGE" "$HERE"

# --- without TLS, and by an address in the place of a name
PLACE=http://[$HERE6]/hook/apimart/$GENHOOK_TOKEN_APIMART/callback
same "plain HTTP by IPv6" '200 {"status":"accepted"}' "$(served plain --interface "$STRANGER6")"
PLACE=https://[$HERE6]/hook/apimart/$GENHOOK_TOKEN_APIMART/callback
same "an address with a certificate" '200 {"status":"accepted"}' "$(served address --cacert "$WORK/debian/fullchain.pem")"
sed -i "s|base_url = .*|base_url = \"https://[$HERE6]\"|" "$GENHOOK_CONF"
check "which may be base_url" settings_pass
like "and is what providers are told" "https://\\[$HERE6\\]/hook/apimart/$GENHOOK_TOKEN_APIMART" "$("$BIN/genhook" address apimart 2>&1)"

# --- a lighttpd of its own, for both
standalone=$(sed "s|^var.genhook_bind.*|var.genhook_bind = \"[::]\"|; s|^var.genhook_port.*|var.genhook_port = 8104|
    s|^var.genhook_run .*|var.genhook_run = \"$WORK/own\"|; s|^var.genhook_state .*|var.genhook_state = \"$WORK/own\"|" "$RUN_DIR/lighttpd.conf")
mkdir -p "$WORK/own/log" "$WORK/own/upload" "$WORK/own/empty"
chmod 0700 "$WORK/own"
printf '%s\n' "$standalone" >"$WORK/own.conf"
"$(PATH=$PATH:/usr/sbin command -v lighttpd)" -D -f "$WORK/own.conf" >"$WORK/own.out" 2>&1 &
RUNS+=($!)
PLACE=http://[$HERE6]:8104/hook/apimart/$GENHOOK_TOKEN_APIMART/callback
listening()	{ curl -s --noproxy '*' -m 5 -o "$WORK/up" "http://[$HERE6]:8104/hook/apimart/healthz"; }
check "standalone.conf listens" soon 30 listening
same "by IPv6" '200 {"status":"accepted"}' "$(served own-6)"
PLACE=http://$HERE:8104/hook/apimart/$GENHOOK_TOKEN_APIMART/callback
same "and by IPv4" '200 {"status":"accepted"}' "$(served own-4)"
finish
