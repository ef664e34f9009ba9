#include "report/page.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "files/outfile.h"
#include "report/grid.h"

static const char style[] =
	":root{color-scheme:light dark;--ink:#1b1f24;--soft:#59636e;--line:#d5dae0;--ground:#fff;"
	"--stripe:#f5f7f9}\n"
	"@media(prefers-color-scheme:dark){:root{--ink:#e6e9ec;--soft:#9aa4ae;--line:#3a424b;"
	"--ground:#14181c;--stripe:#1b2026}figure{background:#fff;border-radius:6px}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0;padding:1rem;color:var(--ink);background:var(--ground);"
	"font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}\n"
	"h1,footer,section{max-width:62rem;margin-inline:auto}\n"
	"section.full{max-width:max-content;min-width:min(62rem,100%)}\n"
	"h1{font-size:1.6rem;line-height:1.2;margin-block:.5rem 1.5rem}\n"
	"h2{font-size:1.15rem;margin:2rem 0 .6rem}\n"
	"figure{margin:0 0 1rem}\n"
	"figure svg{display:block;width:100%;height:auto;max-width:36rem;margin:0 auto}\n"
	".wide{overflow-x:auto;max-width:100%}\n"
	"table{border-collapse:collapse;font-size:.875rem;overflow-wrap:normal}\n"
	"th,td{padding:.3rem .7rem;text-align:left;white-space:nowrap;"
	"border-bottom:1px solid var(--line)}\n"
	"th{color:var(--soft);font-weight:600}\n"
	"tbody tr:nth-child(even){background:var(--stripe)}\n"
	"th:first-child,td:first-child{position:sticky;left:0;background:var(--ground)}\n"
	"tbody tr:nth-child(even) td:first-child{background:var(--stripe)}\n"
	".n{text-align:right;font-variant-numeric:tabular-nums}\n"
	".note{color:var(--soft);font-size:.85rem;margin:.4rem 0}\n"
	"@media(max-width:30rem){body{padding:.75rem}th,td{padding:.25rem .45rem}"
	"table{font-size:.8rem}}\n"
	"@media print{:root{--ink:#000;--soft:#444;--line:#bbb;--ground:#fff;--stripe:#fff}"
	"body{max-width:none;padding:0;font-size:10pt}.wide{overflow:visible}"
	"table{font-size:8pt}th,td{white-space:normal;padding:.15rem .4rem}"
	"h2,figure,tr{break-inside:avoid}h2{break-after:avoid}}\n";

static void write_page(FILE *out, const char *title, const struct grids *warned,
		       const struct grids *all)
{
	char *escaped = grid_escape(title);
	const char *text = escaped ? escaped : "tfomap";

	/* The policy holds whatever a browser might yet find in it: nothing is loaded or run. */
	fprintf(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"style-src 'unsafe-inline'; img-src data:\">\n"
		"<title>%s</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n<h1>%s</h1>\n",
		text, style, text);
	grids_html(warned, out);
	grids_html(all, out);
	fprintf(out, "</main>\n<footer><p class=\"note\">tfomap-report %s</p></footer>\n</body>\n"
		"</html>\n", PACKAGE_VERSION);
	free(escaped);
}

int page_write(struct outfile *to, const char *title, const struct grids *warned,
	       const struct grids *all, struct err *e)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int err = -ENOMEM;

	if (out) {
		write_page(out, title, warned, all);
		err = fclose(out) ? -ENOMEM : 0;
	}
	if (err)
		err_set(e, ENOMEM, "no memory for the page");
	else
		err = outfile_write(to, text, len, e);
	free(text);
	return err;
}
