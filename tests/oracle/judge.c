/* Reads an address a line; writes what address_refusal() calls it, or "-". */
#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdio.h>
#include <string.h>

#include "net/address.h"

static const char *
judge(const char *text)
{
	struct sockaddr_in	 v4 = { .sin_family = AF_INET };
	struct sockaddr_in6	 v6 = { .sin6_family = AF_INET6 };
	const char		*word;

	v4.sin_port = v6.sin6_port = htons(443);
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		word = address_refusal((const struct sockaddr *)&v4);
	else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
		word = address_refusal((const struct sockaddr *)&v6);
	else
		return "?";
	return word != NULL ? word : "-";
}

int
main(void)
{
	char	line[128];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		(void)printf("%s %s\n", line, judge(line));
	}
	return ferror(stdin) != 0;
}
