/* genhook lighttpd: the blocks by which lighttpd serves the handlers and the page. */
#include <string.h>

#include "cli/cli.h"

/*
 * '@' is the provider.  The token in the path is a secret: these lines of the
 * access log (client, time, answer, bytes, microseconds) name the provider
 * instead.  The condition keeps /hook/novitax from being taken for
 * /hook/novita.
 */
#define LIGHTTPD_BEGIN \
	"$HTTP[\"url\"] =~ \"^\" + var.genhook_base + \"/hook/@(/|$)\" {\n" \
	"\taccesslog.format = \"%h %t @ \\\"%m %H\\\" %s %b %D " \
	"\\\"%{User-Agent}i\\\"\"\n"

static const char lighttpd_fastcgi[] = LIGHTTPD_BEGIN
    "\tfastcgi.server = (var.genhook_base + \"/hook/@\" => (\n"
    "\t\tvar.genhook_handler + (\n"
    "\t\t\t\"bin-path\" => var.genhook_bin + \"/genhook-@\",\n"
    "\t\t\t\"socket\" => var.genhook_run + \"/@.sock\"\n"
    "\t\t),\n"
    "\t\tvar.genhook_standby + (\n"
    "\t\t\t\"bin-path\" => var.genhook_bin + \"/genhook-@\",\n"
    "\t\t\t\"socket\" => var.genhook_run + \"/@-standby.sock\"\n"
    "\t\t)\n"
    "\t))\n"
    "}\n";

static const char lighttpd_cgi[] = LIGHTTPD_BEGIN
    "\talias.url = (var.genhook_base + \"/hook/@\" => "
    "var.genhook_bin + \"/genhook-@\")\n"
    "\tcgi.assign = (\"\" => \"\")\n"
    "\tcgi.execute-x-only = \"enable\"\n"
    "\tcgi.limits = (\"read-timeout\" => 8, \"write-timeout\" => 5)\n"
    "\tsetenv.set-environment = (\"GENHOOK_CONF\" => var.genhook_config,\n"
    "\t    \"GENHOOK_LOG\" => var.genhook_log)\n"
    "}\n";

/* The page.  What it sends is passed on as it comes, since a film may be large. */
#define LIGHTTPD_WEB_BEGIN \
	"$HTTP[\"url\"] =~ \"^\" + var.genhook_base + \"/genhook(/|$)\" {\n" \
	"\taccesslog.format = \"%h %t web \\\"%m %H\\\" %s %b %D " \
	"\\\"%{User-Agent}i\\\"\"\n" \
	"\tserver.stream-response-body = 1\n"

static const char lighttpd_web_fastcgi[] = LIGHTTPD_WEB_BEGIN
    "\tfastcgi.server = (var.genhook_base + \"/genhook\" => (\n"
    "\t\tvar.genhook_handler + (\n"
    "\t\t\t\"bin-path\" => var.genhook_bin + \"/genhook-web\",\n"
    "\t\t\t\"socket\" => var.genhook_run + \"/web.sock\"\n"
    "\t\t),\n"
    "\t\tvar.genhook_standby + (\n"
    "\t\t\t\"bin-path\" => var.genhook_bin + \"/genhook-web\",\n"
    "\t\t\t\"socket\" => var.genhook_run + \"/web-standby.sock\"\n"
    "\t\t)\n"
    "\t))\n"
    "}\n";

static const char lighttpd_web_cgi[] = LIGHTTPD_WEB_BEGIN
    "\talias.url = (var.genhook_base + \"/genhook\" => "
    "var.genhook_bin + \"/genhook-web\")\n"
    "\tcgi.assign = (\"\" => \"\")\n"
    "\tcgi.execute-x-only = \"enable\"\n"
    "\tcgi.limits = (\"read-timeout\" => 8, \"write-timeout\" => 5)\n"
    "\tsetenv.set-environment = (\"GENHOOK_CONF\" => var.genhook_config,\n"
    "\t    \"GENHOOK_LOG\" => var.genhook_log)\n"
    "}\n";

static void
lighttpd_print(const char *block, const char *name)
{
	for (; *block != '\0'; block++)
		if (*block == '@')
			fputs(name, stdout);
		else
			putchar(*block);
}

static bool
lighttpd_is_wanted(const struct conf *conf, const struct provider *p)
{
	size_t	i;

	/* Handlers whose settings are broken answer so that all is sent again;
	 * with none, lighttpd would answer 404. */
	for (i = 0; conf != NULL && i < conf->naccounts; i++)
		if (conf->accounts[i].provider == p)
			return true;
	return conf == NULL;
}

int
cli_lighttpd(const struct conf *conf, int argc, char **argv)
{
	bool			 cgi = false;
	struct cli_option	 options[] = {
		{ "--cgi", &cgi, NULL }, { NULL, NULL, NULL }
	};
	size_t			 i;

	if (cli_arguments(argc, argv, options, NULL, 0) == -1)
		return CLI_USAGE;
	if (conf == NULL)
		(void)cli_wrong("the settings cannot be read (genhook config "
		    "check says why): a block for every provider");
	for (i = 0; providers[i] != NULL; i++)
		if (lighttpd_is_wanted(conf, providers[i]))
			lighttpd_print(cgi ? lighttpd_cgi : lighttpd_fastcgi,
			    providers[i]->name);
	if (conf != NULL && *conf->web_secret != '\0')
		fputs(cgi ? lighttpd_web_cgi : lighttpd_web_fastcgi, stdout);
	return CLI_OK;
}
