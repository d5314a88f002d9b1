/* genhook lighttpd: the blocks by which lighttpd serves the handlers and the page. */
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "archive/file_url.h"
#include "cli/cli.h"

/* The names of all providers, with what stands between them. */
#define LIGHTTPD_NAMES_MAX	1024
#define LIGHTTPD_LINES_MAX	8192

/*
 * '@' is the provider; in the blocks of the single program, all of them.  The token in the path is a secret: these lines of the
 * access log (client, time, answer, bytes, microseconds) name the provider
 * instead.  The condition keeps /hook/novitax from being taken for
 * /hook/novita.
 */
#define LIGHTTPD_BEGIN \
	"$HTTP[\"url\"] =~ \"^\" + var.genhook_base + \"/hook/@(/|$)\" {\n" \
	"\taccesslog.format = \"%h %t @ \\\"%m %H\\\" %s %b %D " \
	"\\\"%{User-Agent}i\\\"\"\n"

/* A path below genhook_base, the program behind it, its socket's name, and more
 * lines of its own. */
#define LIGHTTPD_FASTCGI(path, program, socket, more) \
	"\tfastcgi.server = (var.genhook_base + \"/" path "\" => (\n" \
	"\t\tvar.genhook_handler + (\n" \
	"\t\t\t\"bin-path\" => var.genhook_bin + \"/" program "\",\n" \
	more "\t\t\t\"socket\" => var.genhook_run + \"/" socket ".sock\"\n" \
	"\t\t),\n" \
	"\t\tvar.genhook_standby + (\n" \
	"\t\t\t\"bin-path\" => var.genhook_bin + \"/" program "\",\n" \
	more "\t\t\t\"socket\" => var.genhook_run + \"/" socket "-standby.sock\"\n" \
	"\t\t)\n" \
	"\t))\n"

#define LIGHTTPD_CGI(path, program) \
	"\talias.url = (var.genhook_base + \"/" path "\" => " \
	"var.genhook_bin + \"/" program "\")\n" \
	"\tcgi.assign = (\"\" => \"\")\n" \
	"\tcgi.execute-x-only = \"enable\"\n" \
	"\tcgi.limits = (\"read-timeout\" => 8, \"write-timeout\" => 5)\n" \
	"\tsetenv.set-environment = (\"GENHOOK_CONF\" => var.genhook_config,\n" \
	"\t    \"GENHOOK_LOG\" => var.genhook_log)\n"

static const char lighttpd_fastcgi[] = LIGHTTPD_BEGIN
    LIGHTTPD_FASTCGI("hook/@", "genhook-@", "@", "") "}\n";

static const char lighttpd_cgi[] = LIGHTTPD_BEGIN
    LIGHTTPD_CGI("hook/@", "genhook-@") "}\n";

/*
 * One program for all.  While the provider's name is part of the path's rest, no
 * condition can tell it when the line of the access log is written: so it is noted
 * before.  By then the path is BASE/hook.
 */
static const char lighttpd_single_name[] =
    "$HTTP[\"url\"] =~ \"^\" + var.genhook_base + \"/hook/@(/|$)\" {\n"
    "\tsetenv.add-environment = (\"GENHOOK_PROVIDER\" => \"@\")\n"
    "}\n";

#define LIGHTTPD_SINGLE_BEGIN \
	"$HTTP[\"url\"] =~ \"^\" + var.genhook_base + \"/hook(/(@)(/|$)|$)\" {\n" \
	"\taccesslog.format = \"%h %t %{GENHOOK_PROVIDER}e \\\"%m %H\\\" %s %b %D " \
	"\\\"%{User-Agent}i\\\"\"\n"

static const char lighttpd_single_fastcgi[] = LIGHTTPD_SINGLE_BEGIN
    LIGHTTPD_FASTCGI("hook", "genhook-hook", "hook", "") "}\n";

static const char lighttpd_single_cgi[] = LIGHTTPD_SINGLE_BEGIN
    LIGHTTPD_CGI("hook", "genhook-hook") "}\n";

/* The page, '@' where lighttpd is told to send files in its place.  What it sends is
 * passed on as it comes, since a film may be large. */
#define LIGHTTPD_WEB_BEGIN \
	"$HTTP[\"url\"] =~ \"^\" + var.genhook_base + \"/genhook(/|$)\" {\n" \
	"\taccesslog.format = \"%h %t web \\\"%m %H\\\" %s %b %D " \
	"\\\"%{User-Agent}i\\\"\"\n" \
	"\tserver.stream-response-body = 1\n"

static const char lighttpd_web_fastcgi[] = LIGHTTPD_WEB_BEGIN
    LIGHTTPD_FASTCGI("genhook", "genhook-web", "web", "@") "}\n";

static const char lighttpd_web_cgi[] = LIGHTTPD_WEB_BEGIN
    LIGHTTPD_CGI("genhook", "genhook-web") "@}\n";

static void
lighttpd_print(const char *block, const char *name)
{
	for (; *block != '\0'; block++)
		if (*block == '@')
			fputs(name, stdout);
		else
			putchar(*block);
}

/* The lines by which lighttpd sends what the page names, from the archive's folder
 * alone; none unless the settings have it so. */
static void
lighttpd_make_sendfile(const struct conf *conf, bool cgi, struct buf *lines)
{
	char		*root = file_url_path(conf->archive_url);
	const char	*p;

	if (root != NULL && strcmp(conf->web_sendfile, "X-Sendfile") == 0) {
		buf_text(lines, cgi ? "\tcgi.x-sendfile = \"enable\"\n"
		    "\tcgi.x-sendfile-docroot = (\"" :
		    "\t\t\t\"x-sendfile\" => \"enable\",\n"
		    "\t\t\t\"x-sendfile-docroot\" => (\"");
		for (p = root; *p != '\0'; p++)
			buf_printf(lines, "%s%c", *p == '"' || *p == '\\' ?
			    "\\" : "", *p);
		buf_text(lines, cgi ? "/\")\n" : "/\"),\n");
	}
	free(root);
}

static void
lighttpd_print_web(const struct conf *conf, bool cgi)
{
	struct buf	lines;

	buf_init(&lines, LIGHTTPD_LINES_MAX);
	lighttpd_make_sendfile(conf, cgi, &lines);
	lighttpd_print(cgi ? lighttpd_web_cgi : lighttpd_web_fastcgi,
	    lines.data != NULL && buf_ok(&lines) ? lines.data : "");
	buf_free(&lines);
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

/* That block for each provider that is to be served. */
static void
lighttpd_print_each(const struct conf *conf, const char *block)
{
	size_t	i;

	for (i = 0; providers[i] != NULL; i++)
		if (lighttpd_is_wanted(conf, providers[i]))
			lighttpd_print(block, providers[i]->name);
}

/* One block for all of them; false: their names do not fit. */
static bool
lighttpd_print_single(const struct conf *conf, const char *block)
{
	char		 mem[LIGHTTPD_NAMES_MAX];
	struct buf	 names;
	size_t		 i;

	buf_over(&names, mem, sizeof(mem));
	for (i = 0; providers[i] != NULL; i++)
		if (lighttpd_is_wanted(conf, providers[i])) {
			buf_text(&names, names.len > 0 ? "|" : "");
			buf_text(&names, providers[i]->name);
		}
	if (!buf_ok(&names))
		return false;
	if (names.len > 0)
		lighttpd_print(block, mem);
	return true;
}

int
cli_lighttpd(const struct conf *conf, int argc, char **argv)
{
	bool			 cgi = false, single = false;
	struct cli_option	 options[] = {
		{ "--cgi", &cgi, NULL }, { "--single", &single, NULL },
		{ NULL, NULL, NULL }
	};

	if (cli_arguments(argc, argv, options, NULL, 0) == -1)
		return CLI_USAGE;
	if (conf == NULL)
		(void)cli_wrong("the settings cannot be read (genhook config "
		    "check says why): a block for every provider");
	lighttpd_print_each(conf, single ? lighttpd_single_name : cgi ?
	    lighttpd_cgi : lighttpd_fastcgi);
	if (single && !lighttpd_print_single(conf, cgi ?
	    lighttpd_single_cgi : lighttpd_single_fastcgi))
		return cli_wrong("too many providers");
	if (conf != NULL && *conf->web_secret != '\0')
		lighttpd_print_web(conf, cgi);
	return CLI_OK;
}
