/* Which version of genhook this is. */
#ifndef GENHOOK_VERSION_H
#define GENHOOK_VERSION_H

/* Print "PROGRAM VERSION" to standard output, with the version as the file
 * VERSION at the top has it. */
void	version_print(const char *program);

#endif
