/**
 * A Makefile whose lifecycle targets write to `data/lifecycle` when they begin and when they end. They also write
 * `overlap` if two of them run at the same time: a target locks `data/alone` until its last process has ended. A file
 * `data/hold` makes targets wait, and a file `data/fail-<target>` makes that target fail after its work.
 */
export const CAREFUL_MAKEFILE = `LIFECYCLE := start stop restart reload
$(LIFECYCLE):
	@mkdir -p data
	@flock -n data/alone sh -c 'echo "$@ $(CURRENT_VERSION) $(NEW_VERSION)" >> data/lifecycle; echo "$(JOB) is at $@"; \\
	while test -e data/hold; do sleep 0.02; done; sleep 0.01; echo "end $@" >> data/lifecycle' \\
	|| echo "overlap $@" >> data/lifecycle
	@test ! -e data/fail-$@ || { echo "$@ refuses" >&2; exit 1; }
.PHONY: $(LIFECYCLE)
`;
