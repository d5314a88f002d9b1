/* server/sender and net/network: who sent a request, as proxies say that are
 * believed, and which are. */
#include <string.h>

#include "net/network.h"
#include "server/sender.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

/* ---- addresses and networks --------------------------------------------- */

static void
test_networks(void)
{
	static const struct {
		const char	*network, *in, *out;	/* in NULL: no network */
	} rows[] = {
		{ "192.0.2.7",		"192.0.2.7",	"192.0.2.8" },
		{ "192.0.2.7/32",	"192.0.2.7",	"192.0.2.6" },
		{ "10.0.0.0/8",		"10.255.0.1",	"11.0.0.1" },
		{ "10.128.0.0/9",	"10.128.0.0",	"10.127.255.255" },
		{ "0.0.0.0/0",		"203.0.113.9",	"2001:db8::1" },
		{ "::/0",		"203.0.113.9",	"" },
		{ "::1",		"::1",		"::2" },
		{ "2001:db8::/32",	"2001:db8:9::1", "2001:db9::1" },
		{ "10.0.0.0/8",		"::ffff:10.1.2.3", "::10.1.2.3" },
		{ "::ffff:10.0.0.0/104", "10.1.2.3",	"11.1.2.3" },
		{ "fe80::/10",		"febf::1",	"fec0::1" },
		{ "10.0.0.1/8",		NULL,		"10.0.0.1" },
		{ "2001:db8::1/32",	NULL,		NULL },
		{ "10.0.0.0/33",	NULL,		"10.0.0.0" },
		{ "::/129",		NULL,		"::" },
		{ "10.0.0.0/",		NULL,		"10.0.0.0" },
		{ "10.0.0.0/-1",	NULL,		"10.0.0.0" },
		{ "10.0.0.0/8 ",	NULL,		"10.0.0.0" },
		{ "10.0.0.0/0008",	NULL,		"10.0.0.0" },
		{ "10/8",		NULL,		"10.0.0.0" },
		{ "010.0.0.1",		NULL,		"10.0.0.1" },
		{ "localhost",		NULL,		"127.0.0.1" },
		{ "",			NULL,		"" },
		{ "/",			NULL,		"" },
		{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:0000/1",
		  NULL,					"1111::" },
	};
	char	network[64], *list[] = { network, NULL };
	size_t	i;

	for (i = 0; i < COUNT(rows); i++) {
		strcpy(network, rows[i].network);
		CU_ASSERT_EQUAL(network_is_text(network), rows[i].in != NULL);
		if (rows[i].in != NULL)
			CU_ASSERT_TRUE(network_list_has(list, rows[i].in));
		/* One with bits behind the prefix is refused, not narrowed. */
		if (rows[i].out != NULL && strcmp(network, "10.0.0.1/8") != 0)
			CU_ASSERT_FALSE(network_list_has(list, rows[i].out));
	}
	CU_ASSERT_FALSE(network_list_has(NULL, "::1"));
}

/* ---- senders ------------------------------------------------------------ */

/* The sender of a request with these variables; NULL ones are not there. */
static const char *
sender(const char *remote, const char *forwarded, const char *cf, bool twice)
{
	static char		text[SENDER_TEXT_MAX];
	static char		mem[3][256], second[] =
				    "HTTP_X_FORWARDED_FOR=6.6.6.6";
	char			*proxies[] = { (char[]){ "127.0.0.1" },
				    (char[]){ "10.0.0.0/8" },
				    (char[]){ "2001:db8::/32" }, NULL };
	char			*env[5] = { NULL };
	struct request		req = { .env = env };
	size_t			n = 0;

	if (remote != NULL) {
		(void)snprintf(mem[n], sizeof(mem[n]), "REMOTE_ADDR=%s",
		    remote);
		env[n] = mem[n];
		n++;
	}
	if (forwarded != NULL) {
		(void)snprintf(mem[n], sizeof(mem[n]),
		    "HTTP_X_FORWARDED_FOR=%s", forwarded);
		env[n] = mem[n];
		n++;
	}
	if (twice)
		env[n++] = second;
	if (cf != NULL) {
		(void)snprintf(mem[2], sizeof(mem[2]),
		    "HTTP_CF_CONNECTING_IP=%s", cf);
		env[n] = mem[2];
	}
	return sender_address(&req, proxies, text);
}

static void
test_senders(void)
{
	static const struct {
		const char	*remote, *forwarded, *cf, *wanted;
	} rows[] = {
		/* Strangers are not believed. */
		{ "192.0.2.7", NULL, NULL, "192.0.2.7" },
		{ "192.0.2.7", "6.6.6.6", "6.6.6.6", "192.0.2.7" },
		{ "", "6.6.6.6", NULL, "" },
		{ "unix:", "6.6.6.6", NULL, "unix:" },
		/* A proxy is, of the one that it had it from. */
		{ "127.0.0.1", "192.0.2.7", NULL, "192.0.2.7" },
		{ "127.0.0.1", "2001:db9::7", NULL, "2001:db9::7" },
		{ "127.0.0.1", "6.6.6.6, 192.0.2.7", NULL, "192.0.2.7" },
		{ "127.0.0.1", "6.6.6.6,\t192.0.2.7 ", NULL, "192.0.2.7" },
		{ "127.0.0.1", "6.6.6.6, 192.0.2.7, 10.1.2.3", NULL,
		  "192.0.2.7" },
		{ "127.0.0.1", "6.6.6.6, 192.0.2.7, 2001:db8::1, 10.1.2.3",
		  "6.6.6.6", "192.0.2.7" },
		/* Nor is what is no address, or whatever stands before it. */
		{ "127.0.0.1", "6.6.6.6, nonsense", "6.6.6.6", "127.0.0.1" },
		{ "127.0.0.1", "6.6.6.6, nonsense, 10.1.2.3", NULL,
		  "10.1.2.3" },
		{ "127.0.0.1", "6.6.6.6, , 10.1.2.3", NULL, "10.1.2.3" },
		{ "127.0.0.1", "6.6.6.6,", NULL, "127.0.0.1" },
		{ "127.0.0.1", "6.6.6.6, 11111111111111111111111111111111111111"
		  "11111111", NULL, "127.0.0.1" },
		/* Cloudflare, where all others are proxies. */
		{ "127.0.0.1", NULL, "192.0.2.7", "192.0.2.7" },
		{ "127.0.0.1", "10.1.2.3", "192.0.2.7", "192.0.2.7" },
		{ "127.0.0.1", "10.1.2.3", "nonsense", "10.1.2.3" },
		{ "127.0.0.1", "10.1.2.3", NULL, "10.1.2.3" },
		{ "127.0.0.1", "", NULL, "127.0.0.1" },
		{ "127.0.0.1", NULL, NULL, "127.0.0.1" },
	};
	size_t	i;

	for (i = 0; i < COUNT(rows); i++)
		CU_ASSERT_STRING_EQUAL(sender(rows[i].remote,
		    rows[i].forwarded, rows[i].cf, false), rows[i].wanted);
	CU_ASSERT_PTR_NULL(sender(NULL, "6.6.6.6", "6.6.6.6", false));
	CU_ASSERT_STRING_EQUAL(sender("127.0.0.1", "192.0.2.7", NULL, true),
	    "127.0.0.1");
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "addresses and networks", test_networks },
		{ "senders", test_senders },
		{ NULL, NULL }
	};

	return cunit_run("sender", tests);
}
