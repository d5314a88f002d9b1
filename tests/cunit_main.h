/* The main() of every test program: run one suite, and tell by the status. */
#ifndef GENHOOK_CUNIT_MAIN_H
#define GENHOOK_CUNIT_MAIN_H

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

struct test {
	const char	*name;
	void		(*fn)(void);
};

/* Returns an exit status; tests ends in a NULL name. */
static inline int
cunit_run(const char *suite_name, const struct test *tests)
{
	CU_pSuite	suite;
	unsigned int	failed, asserts;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 2;
	if ((suite = CU_add_suite(suite_name, NULL, NULL)) == NULL)
		return 2;
	for (; tests->name != NULL; tests++)
		if (CU_add_test(suite, tests->name, tests->fn) == NULL)
			return 2;
	CU_basic_set_mode(CU_BRM_NORMAL);
	if (CU_basic_run_tests() != CUE_SUCCESS)
		return 2;
	failed = CU_get_number_of_failures();
	asserts = CU_get_number_of_asserts();
	CU_cleanup_registry();
	return failed > 0 || asserts == 0;
}

#endif
