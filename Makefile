# SPDX-License-Identifier: BSD-3-Clause
# A thin front door over meson: two commands set everything up on a fresh Debian 12.
#   make demo   two hosts in network namespaces, 100 real calls with media through callgate
#   make deb    the Debian package
#   make test   every suite once, at its short size, partly under the sanitizers
BUILD     ?= build
SANITIZED ?= build-sanitized
FUZZED    ?= build-fuzz
COVERED   ?= build-coverage
# What a build takes, then what the demo and the tests take besides.
BUILD_PACKAGES = gcc make meson ninja-build pkg-config libdpdk-dev libconfig-dev libxxhash-dev \
                 libcmocka-dev libjansson-dev libmicrohttpd-dev libncurses-dev libpcap-dev \
                 libsystemd-dev python3
DEMO_PACKAGES  = $(BUILD_PACKAGES) sip-tester iproute2 ethtool tcpdump procps util-linux
PACKAGES       = $(DEMO_PACKAGES) dpdk dpdk-dev libbpf-dev libxdp-dev clang-format python3-scapy \
                 kamailio baresip-core iputils-ping nftables man-db coturn iperf3 traceroute \
                 curl openssl nmap hping3 tshark sngrep systemd libseccomp2 prometheus valgrind
# What building the Debian package takes (debian/control), and looking at it.
DEB_PACKAGES   = gcc meson pkg-config libdpdk-dev libconfig-dev libxxhash-dev libjansson-dev \
                 libmicrohttpd-dev libncurses-dev libpcap-dev libsystemd-dev python3 debhelper \
                 dpkg-dev fakeroot lintian
# Other SIP parsers, for the benchmark that compares them; without one of them it goes on.
PEERS          = libosip2-dev libre-dev libsofia-sip-ua-dev

FUZZ_PACKAGES     = clang llvm libclang-rt-14-dev binutils python3
COVERAGE_PACKAGES = $(PACKAGES) gcovr

# What a test needs is built before it runs.
# One more at a time than there are cores: a start of callgate sleeps a while (EAL measures the clock).
TESTS           = meson test -C $(BUILD) --print-errorlogs \
                  --num-processes $(shell expr $$(nproc) + 1)
SANITIZED_TESTS = meson test -C $(SANITIZED) --print-errorlogs \
                  --num-processes $(shell expr $$(nproc) + 1) \
                  --suite unit --suite packet --suite fuzz

all: build

deps:
	@.ci/packages $(PACKAGES)

$(BUILD)/build.ninja:
	meson setup $(BUILD) -Dwerror=true

$(SANITIZED)/build.ninja:
	meson setup $(SANITIZED) -Dwerror=true -Db_sanitize=address,undefined -Db_lundef=false \
		-Db_lto=false -Doptimization=1 -Ddebug=true

build: deps $(BUILD)/build.ninja
	ninja -C $(BUILD)

build-sanitized: deps $(SANITIZED)/build.ninja
	ninja -C $(SANITIZED)

# build/deb/callgate_VERSION_ARCHITECTURE.deb
deb:
	@.ci/packages $(DEB_PACKAGES)
	.ci/deb $(BUILD)/deb

# Builds what it needs and no more.
demo:
	@.ci/packages $(DEMO_PACKAGES)
	[ -e $(BUILD)/build.ninja ] || meson setup $(BUILD) -Dwerror=true
	ninja -C $(BUILD) app/callgate app/callgatectl test/call/rtp_peer
	test/call/demo.py $(BUILD)

# Each suite once: what is in memory alone, and packets with four workers, under the sanitizers; the
# rest, and packets with fewer, as released. Suite `long` is for test-long.
test: deps $(BUILD)/build.ninja $(SANITIZED)/build.ninja
	status=0; \
	$(TESTS) --suite lint --suite packet --suite call --suite stress --no-suite long \
		--no-suite four_workers || status=1; \
	$(SANITIZED_TESTS) --no-suite fewer_workers || status=1; \
	exit $$status

# Everything as released and all but the calls under the sanitizers, packets with every number of
# workers; sizes differ in the call and stress suites.
test-long: build build-sanitized
	@.ci/packages $(DEB_PACKAGES)
	status=0; \
	CALLGATE_LONG=1 $(TESTS) --timeout-multiplier 10 || status=1; \
	$(SANITIZED_TESTS) --suite stress || status=1; \
	exit $$status

benchmark: build
	@.ci/packages $(PEERS)
	meson setup --reconfigure $(BUILD) >/dev/null
	ninja -C $(BUILD)
	meson test -C $(BUILD) --benchmark --verbose --no-rebuild

# callgate, the Linux kernel and testpmd on the same veth pairs, in turn.
compare: build
	CALLGATE_BUILD=$(BUILD) /usr/bin/python3 -B test/bench/compare/compare.py

# FUZZ_SECONDS=1200 for each harness, FUZZ_JOBS=1 at once; HARNESSES="sdp peek" for these alone
fuzz:
	@.ci/packages $(FUZZ_PACKAGES)
	test/fuzz/fuzz.py $(FUZZED) $(HARNESSES)

# Lines of lib/sip that its unit tests and the replays of the fuzzers reach
coverage:
	@.ci/packages $(COVERAGE_PACKAGES)
	[ -e $(COVERED)/build.ninja ] || meson setup $(COVERED) -Db_coverage=true -Db_lto=false \
		-Doptimization=0 -Ddebug=true
	find $(COVERED) -name '*.gcda' -delete
	meson test -C $(COVERED) --print-errorlogs --suite sip
	gcovr --root . --filter lib/sip/ --exclude-throw-branches $(COVERED) \
		--gcov-ignore-parse-errors --print-summary

clean:
	rm -rf $(BUILD) $(SANITIZED) $(FUZZED) $(COVERED)

.PHONY: all deps build build-sanitized deb demo test test-long benchmark compare fuzz coverage clean
