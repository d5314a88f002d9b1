/* Where a request may go: the one table of what each http_policy allows. */
#include <stddef.h>

#include "net/address.h"
#include "net/http_internal.h"

static const char *
policy_public(const struct sockaddr *addr, bool tls)
{
	(void)tls;
	return address_refusal(addr);
}

static const char *
policy_anywhere(const struct sockaddr *addr, bool tls)
{
	(void)addr;
	(void)tls;
	return NULL;
}

/* In the operator's own network TLS is the operator's choice; and so it is where
 * the operator allows links to lead into it. */
static const char *
policy_public_tls(const struct sockaddr *addr, bool tls)
{
	return address_is_public(addr) && !tls ?
	    "public: there it has to be https" : NULL;
}

static const char *
policy_public_hook(const struct sockaddr *addr, bool tls)
{
	return address_is_public(addr) ? policy_public_tls(addr, tls) :
	    "no public address";
}

/* The second of a pair is for engines that allow private networks. */
static const struct http_rules policies[][2] = {
	[HTTP_PUBLIC_API] = {
		{ "https",	false,	false,	policy_public },
		{ "http,https",	true,	false,	policy_anywhere } },
	[HTTP_PUBLIC_LINK] = {
		{ "https",	false,	true,	policy_public },
		{ "http,https",	true,	true,	policy_public_tls } },
	[HTTP_PUBLIC_HOOK] = {
		{ "http,https",	true,	false,	policy_public_hook },
		{ "http,https",	true,	false,	policy_public_hook } },
	[HTTP_OPERATOR_HOST] = {
		{ "http,https",	true,	false,	policy_public_tls },
		{ "http,https",	true,	false,	policy_public_tls } },
};

const struct http_rules *
http_rules_of(enum http_policy policy, bool allow_private)
{
	return &policies[policy][allow_private];
}
