# tfomap. A fresh clone needs only `make`: configure and config.mk are targets like any other.
# `make help` lists the rest.
#
#   MODE=release|san|tsan|cov|fuzz   which build, each in its own tree build/MODE (release)
#   V=1        show the commands             WERROR=1         warnings are errors
#   SUITE=x    check-unit: these suites      FUZZ_SECONDS=20  fuzz: for each target
#   CASES=x    check-lab: these cases        LABS=6           check-lab: so many labs at a time
#   TESTS="unit replay cli options lab"  coverage: by which tests

MAKEFLAGS += -rR --no-print-directory
SHELL = /bin/sh
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

MODE = release
FUZZ_SECONDS = 20
TESTS = unit replay cli options lab
B = build/$(MODE)

ifneq ($(V),1)
Q = @
endif
say = $(if $(Q),@printf '  %-5s %s\n' '$1' '$2')

# Words that are recorded in a file, so that what depends on them is made again when they change,
# and only then. $(call record,FILE,WORDS). $(file) of make 4.3 may leave the line end on: strip.
define record
ifneq ($$(strip $$(file <$1)),$$(strip $2))
$1: FORCE
endif
$1:
	@mkdir -p $$(@D)
	@printf '%s\n' '$$(strip $2)' >$$@
endef

# ---- configuration ------------------------------------------------------------------------------

# These goals need no configuration: they work on a machine without a compiler, or configure
# themselves in the end.
plain_goals = deps demo lab check configure clean distclean help
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

# The words of an address, stored one by one and loaded as one, would wait for the stores. And gcc
# sets and copies a few dozen bytes by rep stos and rep movs, which take long to begin.
string_flags = -mmemset-strategy=unrolled_loop:64:noalign,libcall:-1:noalign \
	-mmemcpy-strategy=unrolled_loop:32:noalign,libcall:-1:noalign
accepted = $(shell $(CC) -Werror $(1) -E -xc /dev/null >/dev/null 2>&1 && echo '$(1)')
flags_release := -O2 -fno-tree-slp-vectorize $(call accepted,$(string_flags)) \
	-fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
flags_san = -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
flags_tsan = -O1 -fno-omit-frame-pointer -fsanitize=thread
flags_cov = -O0 --coverage -fprofile-update=atomic
flags_fuzz = $(flags_san) -fsanitize=fuzzer-no-link

ifndef flags_$(MODE)
$(error MODE=$(MODE) is not a build; there are release, san, tsan, cov and fuzz)
endif
ifneq ($(filter san fuzz,$(MODE)),)
CC := clang
endif

# What these bring along makes calls of its own, which the sandbox of a run does not allow.
instrumented = $(if $(filter san tsan cov fuzz,$(MODE)),-DTFOMAP_INSTRUMENTED)

warnings = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum \
	-Wformat=2 -Wundef -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla \
	$(if $(filter-out 0,$(WERROR)),-Werror)
cc_flags = -std=gnu11 -D_GNU_SOURCE -g $(flags_$(MODE)) $(warnings)
ld_flags = $(flags_$(MODE))

# lib/ sees lib/ only, src/ sees lib/: includes point one way.
lib_flags = -Ilib
src_flags = -Ilib -Isrc $(DEP_CFLAGS) $(REPORT_CFLAGS) \
	$(if $(BPF),-Ibpf -isystem $(B)/bpf $(BPF_CFLAGS)) \
	$(instrumented) -DPACKAGE_VERSION=\"$(VERSION)\" -DSYSCONFDIR=\"$(sysconfdir)\" \
	-DDATADIR=\"$(datadir)\"
unit_flags = -Itest/unit $(src_flags) $(CHECK_CFLAGS)

compile = $(CC) $(cc_flags) $(dir_flags) $(CPPFLAGS) $(CFLAGS)
link = $(CC) $(ld_flags) $(CFLAGS) $(LDFLAGS)

# ---- what is built ------------------------------------------------------------------------------

objects = $(patsubst %.c,$(B)/%.o,$(sort $(wildcard $1)))
lib_obj := $(call objects,lib/*.c)
xdp_obj := $(filter-out %/without_xdp.o,$(call objects,src/xdp/*.c))
src_obj := $(filter-out $(if $(BPF),%/without_xdp.o,$(xdp_obj)),$(call objects,src/*/*.c))
man_obj := $(call objects,man/*.c)
unit_obj := $(filter-out $(if $(BPF),,$(B)/test/unit/xdp/%.o),\
	$(call objects,test/unit/*.c test/unit/*/*.c))
fuzz_obj := $(call objects,test/fuzz/fuzz_*.c)
all_obj := $(lib_obj) $(src_obj) $(man_obj) $(unit_obj) $(fuzz_obj)

# The program's stages are an archive too: a test or a fuzz target takes in only what it uses.
stage_obj := $(filter-out $(B)/src/scan/main.o $(B)/src/report/main.o,$(src_obj))
core = $(B)/libstages.a $(B)/libtfomap.a
pages := $(patsubst man/%.in,$(B)/%,$(wildcard man/*.[1-9].in))
completion := $(patsubst conf/%.in,$(B)/%,$(wildcard conf/tfomap.*.in))
fuzzers := $(patsubst $(B)/test/fuzz/%.o,$(B)/%,$(fuzz_obj))
confs := $(wildcard conf/*.conf)
dist_name = tfomap-$(VERSION)
link_libs = $(DEP_LIBS) $(BPF_LIBS) $(LIBS)
report_libs = $(REPORT_LIBS) $(DEP_LIBS) $(LIBS)

# What runs in the kernel: bpf/x.bpf.c becomes a program, and that a header that holds it.
bpf_skeletons := $(if $(BPF),$(patsubst %.bpf.c,$(B)/%.skel.h,$(wildcard bpf/*.bpf.c)))
bpf_flags = -target bpf -mcpu=v3 -O2 -g -std=gnu11 -ffreestanding -Wall -Wextra \
	$(if $(filter-out 0,$(WERROR)),-Werror) -Ilib -idirafter /usr/include/$(shell $(or $(CC),cc) -print-multiarch)

all: $(B)/tfomap $(B)/tfomap-report $(pages) $(completion) ## the programs, man pages, what the shell completes
ifeq ($(MODE),release)
all: tfomap tfomap-report
endif

tfomap tfomap-report: %: $(B)/%
	@ln -sf $< $@

$(B)/lib/%.o: dir_flags = $(lib_flags)
$(B)/src/%.o: dir_flags = $(src_flags)
$(B)/man/%.o: dir_flags = -Iman $(src_flags)
$(B)/test/fuzz/%.o: dir_flags = -Itest/fuzz $(src_flags)
$(B)/test/unit/%.o: dir_flags = $(unit_flags)

$(eval $(call record,$(B)/compile.words,$(compile) $(src_flags) $(CHECK_CFLAGS)))
$(eval $(call record,$(B)/bpf.words,$(BPF_CLANG) $(bpf_flags)))
$(eval $(call record,$(B)/link.words,$(link) $(link_libs) $(REPORT_LIBS) $(CHECK_LIBS) $(all_obj)))

$(B)/%.o: %.c $(B)/compile.words
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(compile) -MMD -MP -c -o $@ $<

$(B)/%.bpf.o: %.bpf.c $(B)/bpf.words
	@mkdir -p $(@D)
	$(call say,BPF,$@)
	$(Q)$(BPF_CLANG) $(bpf_flags) -MMD -MP -c -o $@ $<

$(B)/%.skel.h: $(B)/%.bpf.o
	$(Q)$(BPFTOOL) gen skeleton $< >$@

# They are system headers to the compiler, which therefore does not list them in the .d files.
$(xdp_obj) $(filter $(B)/test/unit/xdp/%.o,$(unit_obj)): $(bpf_skeletons)
$(bpf_skeletons:.skel.h=.bpf.o): $(B)/bpf.words

$(B)/libtfomap.a: $(lib_obj)
$(B)/libstages.a: $(stage_obj)
$(core): $(B)/link.words
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

$(B)/tfomap: $(B)/src/scan/main.o $(core) $(B)/link.words
	$(call say,LINK,$@)
	$(Q)$(link) -o $@ $(B)/src/scan/main.o $(core) $(link_libs)

$(B)/tfomap-report: $(B)/src/report/main.o $(core) $(B)/link.words
	$(call say,LINK,$@)
	$(Q)$(link) -o $@ $(B)/src/report/main.o $(core) $(report_libs)

$(B)/mkman: $(man_obj) $(core) $(B)/link.words
	$(call say,LINK,$@)
	$(Q)$(link) -o $@ $(man_obj) $(core) $(REPORT_LIBS) $(link_libs)

$(pages): $(B)/%: man/%.in
$(completion): $(B)/%: conf/%.in
$(pages) $(completion): $(B)/mkman
	$(call say,MAN,$@)
	$(Q)$(B)/mkman <$(filter %.in,$^) >$@

$(B)/unit: $(unit_obj) $(core) $(B)/link.words
	$(call say,LINK,$@)
	$(Q)$(link) -Wl,--wrap=_mark_point -o $@ $(unit_obj) $(core) $(CHECK_LIBS) $(REPORT_LIBS) \
		$(link_libs)

$(fuzzers): $(B)/%: $(B)/test/fuzz/%.o $(core) $(B)/link.words
	$(call say,LINK,$@)
	$(Q)$(link) -fsanitize=fuzzer -o $@ $< $(core) $(REPORT_LIBS) $(link_libs)

-include $(wildcard $(all_obj:.o=.d) $(bpf_skeletons:.skel.h=.bpf.d))

# ---- tests --------------------------------------------------------------------------------------

export UBSAN_OPTIONS ?= print_stacktrace=1
# The lab's servers and tools live in sbin, which is not on the path of an ordinary user on Debian.
export PATH := $(PATH):/usr/sbin:/sbin

deps: ## install with apt-get what conf/packages.debian names and this machine lacks
	@conf/deps conf/packages.debian

demo: deps ## deps, build, then a real scan of real servers in the lab
	@$(MAKE) all
	@TFOMAP=$(CURDIR)/$(B)/tfomap test/lab/demo

lab: deps ## deps, build, then a shell in the lab, which says what is there
	@$(MAKE) all </dev/null
	@TFOMAP=$(CURDIR)/$(B)/tfomap test/lab/shell

# The lab takes the longest, and waits more than it works: so it begins as soon as there is a program,
# and goes on beside all else, which gives way to it.
has_jobs = $(filter -j%,$(MAKEFLAGS))
beside = $(if $(has_jobs),,-j4) --output-sync=target

check: deps ## deps, build, then every test
	@$(MAKE) $(if $(has_jobs),,-j$(shell nproc)) all
	@$(MAKE) $(beside) check-lab check-release check-san

check-release:
	@nice -n 5 $(MAKE) $(B)/unit
	@nice -n 5 $(MAKE) check-unit
	@nice -n 5 $(MAKE) check-booted
	@nice -n 5 $(MAKE) check-replay
	@nice -n 5 $(MAKE) check-cli
	@nice -n 5 $(MAKE) check-options
	@nice -n 5 $(MAKE) check-report

check-san:
	@nice -n 5 $(MAKE) MODE=san all build/san/unit
	@nice -n 5 $(MAKE) check-unit MODE=san
	@nice -n 5 $(MAKE) check-replay MODE=san
	@nice -n 5 $(MAKE) check-cli MODE=san

# The suites that start threads, and scans with every thread that there is.
threaded = $(patsubst test_%.c,%,$(notdir $(shell grep -lE 'pthread|sweep_rig' test/unit/*/test_*.c)))
threaded_cases = end/interrupt end/terminate servers network/nobodys-source engines/rows-full \
	engines/xdp-threads manners/rst-filter-ended rows/saved-capture receivers/rows-pcap \
	receivers/killed-xdp

check-threads: ## thread sanitizer: suites with threads, and scans in the lab
	@$(MAKE) MODE=tsan all build/tsan/unit
	@$(MAKE) check-unit MODE=tsan SUITE='$(threaded)'
	@$(MAKE) check-lab MODE=tsan CASES='$(threaded_cases)'

# Thread sanitizer knows no addresses as random as newer kernels make them.
plain_addresses = $(if $(filter tsan,$(MODE)),setarch -R)

ifneq ($(and $(wildcard config.mk),$(filter check-unit check-booted $(B)/unit,$(MAKECMDGOALS))),)
ifeq ($(strip $(CHECK_LIBS)),)
$(error Unit tests need the check library: `make deps`, or install it and run ./configure again)
endif
endif

check-unit: $(B)/unit ## unit tests (SUITE=name: one suite)
	@echo '== unit tests, $(MODE) build'
	$(Q)$(plain_addresses) $(B)/unit $(SUITE)

check-booted: $(B)/unit ## unit tests as on a machine that booted 5 s ago
	@echo '== unit tests after a boot, $(MODE) build'
	$(Q)test/unit/booted $(B)/unit $(SUITE)

check-replay: $(B)/tfomap ## replay tests: saved captures through the whole receive path
	@echo '== replay tests, $(MODE) build'
	$(Q)test/replay/run $(CURDIR)/$(B)/tfomap

check-cli: $(B)/tfomap ## what the program says of each mistake on its command line
	@echo '== command line tests, $(MODE) build'
	$(Q)test/cli/run $(CURDIR)/$(B)/tfomap

check-options: $(B)/tfomap $(pages) $(completion) ## that help, manuals, sample, completion agree
	@echo '== option table tests, $(MODE) build'
	$(Q)test/options/run $(B)

check-report: $(B)/tfomap-report $(B)/tfomap ## tfomap-report on rows that are made up, its page in a browser
	@echo '== report tests, $(MODE) build'
	$(Q)test/report/run $(CURDIR)/$(B)

check-lab: $(B)/tfomap $(B)/tfomap-report ## lab tests: real servers in network namespaces of their own
	@echo '== lab tests, $(MODE) build'
	$(Q)TFOMAP=$(CURDIR)/$(B)/tfomap $(plain_addresses) test/lab/run $(CASES)

# The bench's own programs. Its far end counts and answers in the kernel where BPF can be built.
bench_programs = $(B)/test/bench/far $(B)/test/bench/measure $(B)/test/bench/receive
bench_obj := $(bench_programs:=.o)
$(bench_obj): dir_flags = $(if $(BPF),-isystem $(B)/test/bench $(BPF_CFLAGS) -DTFOMAP_BPF)
$(B)/test/bench/far.o: $(if $(BPF),$(B)/test/bench/far.skel.h)
$(B)/test/bench/receive.o: dir_flags = $(src_flags)
$(B)/test/bench/receive: %: %.o $(core) $(B)/link.words
	$(call say,LINK,$@)
	$(Q)$(link) -o $@ $< $(core) $(link_libs)

$(filter-out %/receive,$(bench_programs)): %: %.o $(B)/link.words
	$(call say,LINK,$@)
	$(Q)$(link) -o $@ $< $(BPF_LIBS) $(LIBS)

-include $(wildcard $(bench_obj:.o=.d) $(B)/test/bench/far.bpf.d)

# PARTS="speed rate": these only, PARTS=help: which there are; BENCH_ZMAP=/path/zmap: another than
# Debian's
bench: $(B)/tfomap $(bench_programs) ## speed in the lab, beside zmap and masscan
	$(Q)TFOMAP=$(CURDIR)/$(B)/tfomap BENCH_BIN=$(CURDIR)/$(B)/test/bench test/bench/run $(PARTS)

# Each by itself, `make fuzz-packet`, so that -j has several at a time. A few kilobytes never need
# the memory that is allowed here: what takes it has believed a number that it read.
fuzz_runs = $(fuzzers:$(B)/fuzz_%=fuzz-%)
fuzz_limits = -timeout=10 -rss_limit_mb=512 -malloc_limit_mb=160

ifeq ($(MODE),fuzz)
fuzz: $(fuzz_runs) ## the fuzz targets, FUZZ_SECONDS each, from the corpus of each
$(fuzz_runs): fuzz-%: $(B)/fuzz_%
	$(Q)echo "== fuzz $*, $(FUZZ_SECONDS) s"; mkdir -p $(B)/corpus/$*
	$(Q)ASAN_OPTIONS=quarantine_size_mb=32 $< -max_total_time=$(FUZZ_SECONDS) $(fuzz_limits) -print_final_stats=1 -verbosity=0 \
		$(addprefix -dict=,$(wildcard test/fuzz/$*.dict)) \
		-artifact_prefix=$(B)/$*- $(B)/corpus/$* test/fuzz/corpus/$* </dev/null
else
fuzz $(fuzz_runs):
	@$(MAKE) $@ MODE=fuzz
endif

# ---- lint, coverage -----------------------------------------------------------------------------

lint: $(B)/libtfomap.a $(B)/tfomap $(B)/tfomap-report ## headers alone, cppcheck, shellcheck, documents ...; the map
	$(Q)LINT_CC='$(CC) $(cc_flags) $(CPPFLAGS) $(CFLAGS)' LINT_LIB='$(lib_flags)' \
		LINT_SRC='$(src_flags)' LINT_UNIT='$(unit_flags)' LINT_ARCHIVE='$<' \
		TFOMAP='$(B)/tfomap' test/lint/run

c_files = $(wildcard $(foreach dir,lib src src/* bpf man test/unit test/unit/* test/fuzz test/lab test/bench,\
	$(dir)/*.c $(dir)/*.h))

format-check: ## spacing and indentation as clang-format has them
	$(Q)test/lint/format $(c_files)

format: ## put right what format-check finds
	$(Q)test/lint/format --fix $(c_files)

ifeq ($(MODE),cov)
coverage: all ## lines of lib/ and src/ that the TESTS reach
	$(Q)find $(B) -name '*.gcda' -delete
	$(Q)for tests in $(TESTS); do $(MAKE) check-$$tests || exit; done
	$(Q)gcovr --root . --object-directory $(B) --filter lib/ --filter src/
else
coverage:
	@$(MAKE) coverage MODE=cov
endif

# ---- install ------------------------------------------------------------------------------------

page_place = $(mandir)/man$(1:$(basename $1).%=%)/$(notdir $1)
# Debian's zsh has another folder for packages.
zsh_dir = $(datadir)/zsh/site-functions
# SOURCE:MODE:PLACE of each file, but for the configuration files.
installed = $(B)/tfomap:755:$(sbindir)/tfomap $(B)/tfomap-report:755:$(bindir)/tfomap-report \
	$(foreach page,$(pages),$(page):644:$(call page_place,$(page))) \
	$(B)/tfomap.bash:644:$(datadir)/bash-completion/completions/tfomap \
	$(B)/tfomap.zsh:644:$(zsh_dir)/_tfomap \
	$(B)/tfomap.fish:644:$(datadir)/fish/vendor_completions.d/tfomap.fish \
	conf/prometheus.jq:644:$(datadir)/tfomap/prometheus.jq

install: all ## install below DESTDIR and prefix; configuration files that are there are kept
	$(Q)set -e; for file in $(installed); do \
		IFS=:; set -- $$file; unset IFS; \
		echo "install -D -m $$2 $$1 $(DESTDIR)$$3"; \
		install -D -m "$$2" "$$1" '$(DESTDIR)'"$$3"; \
	done
	$(Q)set -e; for conf in $(confs); do \
		to='$(DESTDIR)$(sysconfdir)'/tfomap/$${conf##*/}; \
		if [ -e "$$to" ]; then echo "$$to is kept as it is"; continue; fi; \
		echo "install -D -m 644 $$conf $$to"; \
		install -D -m 644 "$$conf" "$$to"; \
	done

uninstall: ## remove what install put there; configuration files that were changed are kept
	$(Q)for file in $(installed); do rm -f '$(DESTDIR)'"$${file##*:}"; done
	$(Q)dir='$(DESTDIR)$(sysconfdir)'/tfomap; for conf in $(confs); do \
		if cmp -s $$conf "$$dir/$${conf##*/}"; then rm "$$dir/$${conf##*/}"; fi; \
	done; rmdir "$$dir" 2>/dev/null || :

# ---- tarball, Debian package --------------------------------------------------------------------

# A clone's files are those that git has, an unpacked tarball's are in its list. All get one time,
# so that the same files are the same tarball.
manifest = $(if $(wildcard .git),git ls-files,cat MANIFEST)
dist_time = $(if $(wildcard .git),git log -1 --format=@%ct,stat -c @%Y MANIFEST)

dist: configure ## the tarball, build/tfomap-VERSION.tar.gz, with configure made
	$(Q)mkdir -p build
	$(Q){ $(manifest); echo configure; echo MANIFEST; } | LC_ALL=C sort -u >build/MANIFEST
	$(call say,TAR,build/$(dist_name).tar.gz)
	$(Q)grep -vx MANIFEST build/MANIFEST | tar --transform 's,^,$(dist_name)/,S' \
		--mtime="$$($(dist_time))" --owner=0 --group=0 --numeric-owner --mode=u+rw,go=rX \
		-cf build/$(dist_name).tar -T - -C build MANIFEST
	$(Q)gzip -9nf build/$(dist_name).tar

distcheck: dist ## build, test, install and uninstall from the tarball, and its Debian package
	$(Q)test/install/run build/$(dist_name).tar.gz

deb: dist ## a Debian package from the tarball, in build/deb
	$(Q)rm -rf build/deb && mkdir build/deb
	$(Q)tar -C build/deb -xzf build/$(dist_name).tar.gz
	$(Q)cp build/$(dist_name).tar.gz build/deb/tfomap_$(VERSION).orig.tar.gz
	$(Q)cd build/deb/$(dist_name) && dpkg-buildpackage --no-sign -b
	@ls build/deb/*.deb

# ---- the rest -----------------------------------------------------------------------------------

clean: ## remove what was built
	rm -rf build tfomap tfomap-report

distclean: clean ## and the configuration; in a clone configure, too
	rm -rf autom4te.cache config.log config.mk config.status 'configure~' \
		$(if $(wildcard .git),configure)

help: ## this list
	@awk -F ' *## *' '/^[a-z-]+:.*## / { split($$1, w, ":"); printf "  %-14s %s\n", w[1], $$2 }' \
		Makefile
	@echo; sed -n 's/^#   \(.*=\)/  \1/p' Makefile

FORCE:
.PHONY: all deps demo lab check check-release check-san check-threads check-unit \
	check-booted check-replay check-cli check-options check-report check-lab bench fuzz $(fuzz_runs) lint \
	format format-check coverage install uninstall dist distcheck deb clean distclean help FORCE
