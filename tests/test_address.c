/* The addresses that a link may lead to, and those that it may not. */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "net/address.h"
#include "tests/cunit_main.h"

/* word: part of the refusal, or NULL where the address is global. */
static const struct {
	const char	*text;
	const char	*word;
} cases[] = {
	{ "1.1.1.1",		NULL },
	{ "9.255.255.255",	NULL },
	{ "11.0.0.0",		NULL },
	{ "100.63.255.255",	NULL },
	{ "100.128.0.0",	NULL },
	{ "126.255.255.255",	NULL },
	{ "128.0.0.1",		NULL },
	{ "169.253.255.255",	NULL },
	{ "169.255.0.0",	NULL },
	{ "172.15.255.255",	NULL },
	{ "172.32.0.0",		NULL },
	{ "192.0.1.0",		NULL },
	{ "192.167.255.255",	NULL },
	{ "192.169.0.0",	NULL },
	{ "198.17.255.255",	NULL },
	{ "198.20.0.0",		NULL },
	{ "223.255.255.255",	NULL },
	{ "0.0.0.0",		"unspecified" },
	{ "0.1.2.3",		"unspecified" },
	{ "10.0.0.0",		"private" },
	{ "10.255.255.255",	"private" },
	{ "100.64.0.0",		"carrier" },
	{ "100.127.255.255",	"carrier" },
	{ "127.0.0.1",		"loopback" },
	{ "127.255.255.254",	"loopback" },
	{ "169.254.169.254",	"link-local" },
	{ "172.16.0.0",		"private" },
	{ "172.31.255.255",	"private" },
	{ "192.0.0.8",		"reserved" },
	{ "192.0.2.1",		"documentation" },
	{ "192.88.99.1",	"6to4" },
	{ "192.168.0.1",	"private" },
	{ "198.18.0.0",		"benchmarks" },
	{ "198.19.255.255",	"benchmarks" },
	{ "198.51.100.1",	"documentation" },
	{ "203.0.113.255",	"documentation" },
	{ "224.0.0.1",		"multicast" },
	{ "239.255.255.255",	"multicast" },
	{ "240.0.0.0",		"reserved" },
	{ "255.255.255.254",	"reserved" },
	{ "255.255.255.255",	"broadcast" },

	{ "2606:4700::1111",	NULL },
	{ "2001:200::1",	NULL },		/* just behind 2001::/23 */
	{ "2001:db7:ffff::1",	NULL },
	{ "2001:db9::1",	NULL },
	{ "3fff:1000::1",	NULL },		/* just behind 3fff::/20 */
	{ "::ffff:1.1.1.1",	NULL },
	{ "64:ff9b::1.1.1.1",	NULL },
	{ "2002:101:101::1",	NULL },
	{ "::",			"unspecified" },
	{ "::1",		"loopback" },
	{ "::ffff:127.0.0.1",	"loopback" },
	{ "::ffff:10.1.2.3",	"private" },
	{ "::ffff:169.254.169.254", "link-local" },
	{ "::127.0.0.1",	"IPv4-compatible" },
	{ "::8.8.8.8",		"IPv4-compatible" },
	{ "64:ff9b::10.0.0.1",	"private" },
	{ "64:ff9b::127.0.0.1",	"loopback" },
	{ "64:ff9b:1::8.8.8.8",	"NAT64" },
	{ "100::1",		"discarded" },
	{ "2001::1",		"reserved" },	/* Teredo */
	{ "2001:1ff::1",	"reserved" },
	{ "2001:db8::1",	"documentation" },
	{ "2002:a00:1::1",	"private" },
	{ "2002:7f00:1::1",	"loopback" },
	{ "3fff::1",		"documentation" },
	{ "3fff:fff::1",	"documentation" },
	{ "5f00::1",		"segment routing" },
	{ "fc00::1",		"private" },
	{ "fdff::1",		"private" },
	{ "fe80::1",		"link-local" },
	{ "febf::1",		"link-local" },
	{ "fec0::1",		"site-local" },
	{ "feff::1",		"site-local" },
	{ "ff02::1",		"multicast" },
	{ "64:ff9a::1",		"not global" },
	{ "4000::1",		"not global" },
	{ "1fff::1",		"not global" },
};

static const char *
refusal(const char *text, int port)
{
	struct sockaddr_in	in4 = { .sin_family = AF_INET };
	struct sockaddr_in6	in6 = { .sin6_family = AF_INET6 };

	in4.sin_port = in6.sin6_port = htons((in_port_t)port);
	if (inet_pton(AF_INET, text, &in4.sin_addr) == 1)
		return address_refusal((struct sockaddr *)&in4);
	CU_ASSERT_EQUAL_FATAL(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
	return address_refusal((struct sockaddr *)&in6);
}

static void
test_ranges(void)
{
	const char	*got;
	size_t		 i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned int	before = CU_get_number_of_failures();

		got = refusal(cases[i].text, 443);
		if (cases[i].word == NULL)
			CU_ASSERT_PTR_NULL(got);
		if (cases[i].word != NULL) {
			CU_ASSERT_PTR_NOT_NULL(got);
			CU_ASSERT_PTR_NOT_NULL(got == NULL ? NULL :
			    strstr(got, cases[i].word));
		}
		if (CU_get_number_of_failures() != before)
			(void)fprintf(stderr, "\n    %s: %s\n", cases[i].text,
			    got == NULL ? "passes" : got);
	}
}

static void
test_ports(void)
{
	static const int	bad[] = { 0, 1, 22, 79, 81, 444, 5432, 8080,
				    65535 };
	size_t			i;

	CU_ASSERT_PTR_NULL(refusal("1.1.1.1", 80));
	CU_ASSERT_PTR_NULL(refusal("2606:4700::1111", 443));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CU_ASSERT_PTR_NOT_NULL(refusal("1.1.1.1", bad[i]));
		CU_ASSERT_PTR_NOT_NULL(refusal("2606:4700::1111", bad[i]));
	}
}

static void
test_public(void)
{
	struct sockaddr_in	in4 = { .sin_family = AF_INET,
				    .sin_port = htons(9000) };
	struct sockaddr_in6	in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_storage	ss = { .ss_family = AF_UNIX };

	CU_ASSERT_FALSE(address_is_public((struct sockaddr *)&ss));
	CU_ASSERT_EQUAL(inet_pton(AF_INET, "1.1.1.1", &in4.sin_addr), 1);
	CU_ASSERT_TRUE(address_is_public((struct sockaddr *)&in4));
	CU_ASSERT_EQUAL(inet_pton(AF_INET, "10.1.1.1", &in4.sin_addr), 1);
	CU_ASSERT_FALSE(address_is_public((struct sockaddr *)&in4));
	CU_ASSERT_EQUAL(inet_pton(AF_INET6, "fd00::1", &in6.sin6_addr), 1);
	CU_ASSERT_FALSE(address_is_public((struct sockaddr *)&in6));
}

static void
test_family(void)
{
	struct sockaddr_storage	ss = { .ss_family = AF_UNIX };

	CU_ASSERT_PTR_NOT_NULL(address_refusal((struct sockaddr *)&ss));
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "every border of every range", test_ranges },
		{ "ports", test_ports },
		{ "public, at any port", test_public },
		{ "other families", test_family },
		{ NULL, NULL }
	};

	return cunit_run("address", tests);
}
