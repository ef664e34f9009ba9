#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "err.h"

TEST(first_error_wins)
{
	struct err e = { "" };

	ck_assert_int_eq(err_set(&e, EINVAL, "%s: line %d", "list.txt", 7), -EINVAL);
	ck_assert_str_eq(e.msg, "list.txt: line 7");
	ck_assert_int_eq(err_set(&e, ENOMEM, "a consequence"), -ENOMEM);
	ck_assert_str_eq(e.msg, "list.txt: line 7");
	/* Nobody listens. */
	ck_assert_int_eq(err_set(NULL, ENOMEM, "a cause"), -ENOMEM);
	err_prefix(NULL, "list.txt: ");
}

TEST(prefixes_what_is_set)
{
	struct err e = { "" };

	err_prefix(&e, "list.txt: ");
	ck_assert_str_eq(e.msg, "");
	err_set(&e, EINVAL, "bad port");
	err_prefix(&e, "%s:%d: ", "list.txt", 7);
	err_prefix(&e, "-I: ");
	ck_assert_str_eq(e.msg, "-I: list.txt:7: bad port");
}

TEST(arguments_may_be_the_message)
{
	struct err e = { "" };

	err_set(&e, EINVAL, "x%s", e.msg);
	ck_assert_str_eq(e.msg, "x");
	err_prefix(&e, "%s|", e.msg);
	ck_assert_str_eq(e.msg, "x|x");
}

TEST(cuts_what_is_too_long)
{
	char text[2 * ERR_MSG_LEN];
	struct err e = { "" };

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_set(&e, EINVAL, "%s", text);
	ck_assert_uint_eq(strlen(e.msg), ERR_MSG_LEN - 1);
	err_prefix(&e, "bc");
	ck_assert_uint_eq(strlen(e.msg), ERR_MSG_LEN - 1);
	ck_assert(!memcmp(e.msg, "bcaa", 4));
	err_prefix(&e, "%s", text);
	ck_assert_uint_eq(strlen(e.msg), ERR_MSG_LEN - 1);
	ck_assert(!memcmp(e.msg, "aaaa", 4));
}

TEST(lets_no_control_character_through)
{
	struct err e = { "" };

	err_set(&e, EINVAL, "a\033[2Jb\r\n\x7f \xc3\xa4");
	ck_assert_str_eq(e.msg, "a?[2Jb??? \xc3\xa4");
	err_prefix(&e, "\a");
	ck_assert_str_eq(e.msg, "?a?[2Jb??? \xc3\xa4");
	e.msg[0] = '\0';
	err_set(&e, EINVAL, "a\x9b" "2Jb\xc2\x9b" "2Jc\xe2\x80\xae" "d\xc3");
	ck_assert_str_eq(e.msg, "a?2Jb?2Jc?d?");
}
