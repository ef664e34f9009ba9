# tfomap. A fresh clone needs only `make`: configure and config.mk are targets like any other.
# `make help` lists the rest.
#
#   MODE=release|clang|san|tsan|cov|fuzz   which build, each in its own tree build/MODE (release)
#   V=1        show the commands             WERROR=1         warnings are errors
#   SUITE=x    check-unit: one suite         FUZZ_SECONDS=30  fuzz: for each target

MAKEFLAGS += -rR --no-print-directory
SHELL = /bin/sh
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

MODE = release
FUZZ_SECONDS = 30
B = build/$(MODE)

ifneq ($(V),1)
Q = @
endif
say = $(if $(Q),@printf '  %-5s %s\n' '$1' '$2')

# Words that are recorded in a file, so that what depends on them is made again when they change,
# and only then. $(call record,FILE,WORDS)
define record
ifneq ($$(file <$1),$$(strip $2))
$1: FORCE
endif
$1:
	@mkdir -p $$(@D)
	@printf '%s\n' '$$(strip $2)' >$$@
endef

# ---- configuration ------------------------------------------------------------------------------

# These goals need no configuration: they work on a machine without a compiler, or configure
# themselves in the end.
plain_goals = deps demo check configure clean distclean help
ifneq ($(filter-out $(plain_goals),$(or $(MAKECMDGOALS),all)),)
include config.mk
endif

configure: configure.ac
	@command -v autoconf >/dev/null || { \
		echo 'autoconf is missing: apt-get install autoconf, or make deps' >&2; exit 1; }
	$(call say,CONF,$@)
	$(Q)autoconf -o $@ configure.ac

# What is given to make for one build (CC=clang, CFLAGS=-O3) must not become the configuration of
# all later ones.
config.mk: config.mk.in configure | $(filter deps,$(MAKECMDGOALS))
	$(call say,CONF,$@)
	$(Q)unset CC CPPFLAGS CFLAGS LDFLAGS LIBS; \
	if [ -x config.status ]; then \
		./config.status --recheck --quiet && ./config.status --quiet; \
	else \
		./configure --quiet; \
	fi

# ---- flags --------------------------------------------------------------------------------------

flags_release = -O2 -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
flags_clang = $(flags_release)
flags_san = -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
flags_tsan = -O1 -fno-omit-frame-pointer -fsanitize=thread
flags_cov = -O0 --coverage
flags_fuzz = $(flags_san) -fsanitize=fuzzer-no-link

ifndef flags_$(MODE)
$(error MODE=$(MODE) is not a build; there are release, clang, san, tsan, cov and fuzz)
endif
ifneq ($(filter clang fuzz,$(MODE)),)
CC := clang
endif

warnings = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum \
	-Wformat=2 -Wundef -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla \
	$(if $(filter-out 0,$(WERROR)),-Werror)
cc_flags = -std=gnu11 -D_GNU_SOURCE -g $(flags_$(MODE)) $(warnings)
ld_flags = $(flags_$(MODE))

# lib/ sees lib/ only, src/ sees lib/: includes point one way.
lib_flags = -Ilib
src_flags = -Ilib -Isrc $(DEP_CFLAGS) \
	-DPACKAGE_VERSION=\"$(VERSION)\" -DSYSCONFDIR=\"$(sysconfdir)\"
unit_flags = -Itest/unit $(src_flags) $(CHECK_CFLAGS)

compile = $(CC) $(cc_flags) $(dir_flags) $(CPPFLAGS) $(CFLAGS)
link = $(CC) $(ld_flags) $(CFLAGS) $(LDFLAGS)

# ---- what is built ------------------------------------------------------------------------------

objects = $(patsubst %.c,$(B)/%.o,$(sort $(wildcard $1)))
lib_obj := $(call objects,lib/*.c)
src_obj := $(call objects,src/*.c)
man_obj := $(call objects,man/*.c)
unit_obj := $(call objects,test/unit/*.c)
fuzz_obj := $(call objects,test/fuzz/fuzz_*.c)
all_obj := $(lib_obj) $(src_obj) $(man_obj) $(unit_obj) $(fuzz_obj)

# The program's stages are an archive too: a test or a fuzz target takes in only what it uses.
stage_obj := $(filter-out $(B)/src/main.o,$(src_obj))
core = $(B)/libstages.a $(B)/libtfomap.a
pages := $(patsubst man/%.in,$(B)/%,$(wildcard man/*.[1-9].in))
fuzzers := $(patsubst $(B)/test/fuzz/%.o,$(B)/%,$(fuzz_obj))
confs := $(wildcard conf/*.conf)
link_libs = $(DEP_LIBS) $(LIBS)

all: $(B)/tfomap $(pages) ## the program and its man pages (the default)
ifeq ($(MODE),release)
all: tfomap
endif

tfomap: $(B)/tfomap
	@ln -sf $< $@

$(B)/lib/%.o: dir_flags = $(lib_flags)
$(B)/src/%.o $(B)/man/%.o $(B)/test/fuzz/%.o: dir_flags = $(src_flags)
$(B)/test/unit/%.o: dir_flags = $(unit_flags)

$(eval $(call record,$(B)/compile.words,$(compile) $(src_flags) $(CHECK_CFLAGS)))
$(eval $(call record,$(B)/link.words,$(link) $(link_libs) $(CHECK_LIBS) $(all_obj)))

$(B)/%.o: %.c $(B)/compile.words
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(compile) -MMD -MP -c -o $@ $<

$(B)/libtfomap.a: $(lib_obj)
$(B)/libstages.a: $(stage_obj)
$(core): $(B)/link.words
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

$(B)/tfomap: $(B)/src/main.o $(core) $(B)/link.words
	$(call say,LINK,$@)
	$(Q)$(link) -o $@ $(B)/src/main.o $(core) $(link_libs)

$(B)/mkman: $(man_obj) $(core) $(B)/link.words
	$(call say,LINK,$@)
	$(Q)$(link) -o $@ $(man_obj) $(core) $(link_libs)

$(pages): $(B)/%: man/%.in $(B)/mkman
	$(call say,MAN,$@)
	$(Q)$(B)/mkman <$< >$@

$(B)/unit: $(unit_obj) $(core) $(B)/link.words
	$(call say,LINK,$@)
	$(Q)$(link) -o $@ $(unit_obj) $(core) $(CHECK_LIBS) $(link_libs)

$(fuzzers): $(B)/%: $(B)/test/fuzz/%.o $(core) $(B)/link.words
	$(call say,LINK,$@)
	$(Q)$(link) -fsanitize=fuzzer -o $@ $< $(core) $(link_libs)

-include $(wildcard $(all_obj:.o=.d))

# ---- tests --------------------------------------------------------------------------------------

export UBSAN_OPTIONS ?= print_stacktrace=1
# The lab's servers and tools live in sbin, which is not on the path of an ordinary user on Debian.
export PATH := $(PATH):/usr/sbin:/sbin

deps: ## install with apt-get what conf/packages.debian names and this machine lacks
	@conf/deps conf/packages.debian

demo: deps ## deps, build, then a real scan of real servers in the lab
	@$(MAKE) all
	@TFOMAP=$(CURDIR)/$(B)/tfomap test/lab/demo

check: deps ## deps, build, then every test
	@$(MAKE) all
	@$(MAKE) check-unit
	@$(MAKE) check-unit MODE=san
	@$(MAKE) check-replay
	@$(MAKE) check-replay MODE=san
	@$(MAKE) check-lab

ifneq ($(and $(wildcard config.mk),$(filter check-unit $(B)/unit,$(MAKECMDGOALS))),)
ifeq ($(strip $(CHECK_LIBS)),)
$(error Unit tests need the check library: `make deps`, or install it and run ./configure again)
endif
endif

check-unit: $(B)/unit ## unit tests (SUITE=name: one suite)
	@echo '== unit tests, $(MODE) build'
	$(Q)$(B)/unit $(SUITE)

check-replay: $(B)/tfomap ## replay tests: saved captures through the whole receive path
	@echo '== replay tests, $(MODE) build'
	$(Q)test/replay/run $(CURDIR)/$(B)/tfomap

check-lab: $(B)/tfomap ## lab tests: real servers in network namespaces of their own
	@echo '== lab tests, $(MODE) build'
	$(Q)TFOMAP=$(CURDIR)/$(B)/tfomap test/lab/run

bench: $(B)/tfomap ## speed in the lab, beside zmap
	$(Q)TFOMAP=$(CURDIR)/$(B)/tfomap test/bench/run

ifeq ($(MODE),fuzz)
fuzz: $(fuzzers) ## the fuzz targets, FUZZ_SECONDS each, from the corpus of each
	$(Q)[ -n '$(fuzzers)' ] || { echo 'no test/fuzz/fuzz_*.c' >&2; exit 1; }
	$(Q)set -e; for f in $(fuzzers); do \
		name=$${f##*/fuzz_}; echo "== fuzz $$name, $(FUZZ_SECONDS) s"; \
		mkdir -p $(B)/corpus/$$name; \
		$$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_final_stats=1 -verbosity=0 \
			-artifact_prefix=$(B)/$$name- $(B)/corpus/$$name test/fuzz/corpus/$$name; \
	done
else
fuzz:
	@$(MAKE) fuzz MODE=fuzz
endif

# ---- install ------------------------------------------------------------------------------------

install: all ## install below DESTDIR and prefix; configuration files that are there are kept
	install -d '$(DESTDIR)$(sbindir)'
	install -m 755 $(B)/tfomap '$(DESTDIR)$(sbindir)/tfomap'
	$(Q)set -e; for page in $(pages); do \
		dir='$(DESTDIR)$(mandir)'/man$${page##*.}; \
		echo install -m 644 $$page "$$dir"; \
		install -d "$$dir"; install -m 644 $$page "$$dir"; \
	done
	$(Q)set -e; for conf in $(confs); do \
		dir='$(DESTDIR)$(sysconfdir)/tfomap'; \
		if [ -e "$$dir/$${conf##*/}" ]; then \
			echo "$$dir/$${conf##*/} is kept as it is"; continue; \
		fi; \
		echo install -m 644 $$conf "$$dir"; \
		install -d "$$dir"; install -m 644 $$conf "$$dir"; \
	done

uninstall: ## remove what install put there; configuration files that were changed are kept
	rm -f '$(DESTDIR)$(sbindir)/tfomap'
	$(Q)for page in $(notdir $(pages)); do \
		rm -f '$(DESTDIR)$(mandir)'/man$${page##*.}/$$page; \
	done
	$(Q)dir='$(DESTDIR)$(sysconfdir)/tfomap'; for conf in $(confs); do \
		if cmp -s $$conf "$$dir/$${conf##*/}"; then rm "$$dir/$${conf##*/}"; fi; \
	done; rmdir "$$dir" 2>/dev/null || :

# ---- the rest -----------------------------------------------------------------------------------

clean: ## remove what was built
	rm -rf build tfomap

distclean: clean ## and the configuration
	rm -rf autom4te.cache config.log config.mk config.status configure 'configure~'

help: ## this list
	@awk -F ' *## *' '/^[a-z-]+:.*## / { split($$1, w, ":"); printf "  %-14s %s\n", w[1], $$2 }' \
		Makefile
	@echo; sed -n 's/^#   \(.*=\)/  \1/p' Makefile

FORCE:
.PHONY: all deps demo check check-unit check-replay check-lab bench fuzz install uninstall clean \
	distclean help FORCE
