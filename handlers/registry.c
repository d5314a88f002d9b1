/* The list of providers in registry.def, in C. */
#include <string.h>

#include "handlers/provider.h"

#define PROVIDER(name)	extern const struct provider name##_provider;
#include "handlers/registry.def"
#undef PROVIDER

#define PROVIDER(name)	&name##_provider,
const struct provider *const providers[] = {
#include "handlers/registry.def"
	NULL
};
#undef PROVIDER

const struct provider *
provider_find(const char *name)
{
	size_t	i;

	for (i = 0; providers[i] != NULL; i++)
		if (strcmp(providers[i]->name, name) == 0)
			return providers[i];
	return NULL;
}
