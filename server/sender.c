/* The address that a request came from, behind proxies that are believed. */
#include <string.h>

#include "net/network.h"
#include "server/sender.h"

/* A header that came twice, maybe once by a stranger's hand, says nothing. */
static const char *
sender_header(const struct request *req, const char *cgi_name)
{
	return request_count(req, cgi_name) == 1 ? request_get(req, cgi_name) :
	    NULL;
}

/* Copy an address of len characters without the blanks around it. */
static bool
sender_copy(const char *at, size_t len, char text[SENDER_TEXT_MAX])
{
	while (len > 0 && (*at == ' ' || *at == '\t')) {
		at++;
		len--;
	}
	while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t'))
		len--;
	if (len >= SENDER_TEXT_MAX)
		return false;
	memcpy(text, at, len);
	text[len] = '\0';
	return true;
}

/* Cut the last address off a list of *len characters. */
static bool
sender_pop(const char *list, size_t *len, char text[SENDER_TEXT_MAX])
{
	size_t	end = *len, at = end;

	if (end == 0)
		return false;
	while (at > 0 && list[at - 1] != ',')
		at--;
	*len = at > 0 ? at - 1 : 0;
	return sender_copy(list + at, end - at, text) && address_is_text(text);
}

const char *
sender_address(const struct request *req, char *const *proxies,
    char text[SENDER_TEXT_MAX])
{
	const char	*addr = request_get(req, "REMOTE_ADDR");
	const char	*list, *cf;
	char		 next[SENDER_TEXT_MAX];
	size_t		 left;

	if (addr == NULL || !network_list_has(proxies, addr))
		return addr;
	list = sender_header(req, "HTTP_X_FORWARDED_FOR");
	left = list != NULL ? strlen(list) : 0;
	while (sender_pop(list, &left, next)) {
		memcpy(text, next, sizeof(next));
		addr = text;
		if (!network_list_has(proxies, addr))
			return addr;
	}
	cf = sender_header(req, "HTTP_CF_CONNECTING_IP");
	return left == 0 && cf != NULL && address_is_text(cf) ? cf : addr;
}
