#include <string.h>

#include "provider.h"

#define PROVIDER(name)	extern const struct provider name##_provider;
#include "registry.def"
#undef PROVIDER

#define PROVIDER(name)	&name##_provider,
const struct provider *const providers[] = {
#include "registry.def"
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
