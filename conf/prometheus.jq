# Metadata of a run as Prometheus has it, for node_exporter's textfile collector (tfomap(8),
# MONITORING):
#
#   jq -rf prometheus.jq run.json >tfomap.prom
#
# One target a run, or a few: what a target's verdict is shows by tfomap_targets{verdict="..."}.

def quoted: tostring | gsub("\\\\"; "\\\\") | gsub("\""; "\\\"") | gsub("\n"; "\\n");
def metric($name; $help; samples):
	"# HELP \($name) \($help)", "# TYPE \($name) gauge", (samples | "\($name)\(.)");
def truth: if . then 1 else 0 end;
def seconds: if . == null then empty else sub("\\.[0-9]+"; "") | fromdateiso8601 end;

metric("tfomap_info"; "The program and the notes of the run";
	"{version=\"\(.tfomap | quoted)\",notes=\"\(.notes // "" | quoted)\"} 1"),
metric("tfomap_targets"; "Targets by verdict";
	.verdicts | to_entries[] | "{verdict=\"\(.key)\"} \(.value)"),
metric("tfomap_targets_without_verdict"; "The rest: those that were silent, but with --report all";
	" \(.targets.of_this_run - ([.verdicts[]] | add))"),
metric("tfomap_count"; "The counters of the metadata, by group";
	.counters | to_entries[] | .key as $group | .value | to_entries[]
	| "{group=\"\($group)\",counter=\"\(.key)\"} \(.value)"),
metric("tfomap_sound"; "1: nothing was lost that can make verdicts wrong"; " \(.sound | truth)"),
metric("tfomap_complete"; "1: the run came to its end"; " \(.exit_reason == "complete" | truth)"),
metric("tfomap_duration_seconds"; "How long the run took"; " \(.duration_s)"),
metric("tfomap_start_timestamp_seconds"; "When it started, Unix time"; .start | seconds | " \(.)"),
metric("tfomap_end_timestamp_seconds"; "When it ended, Unix time"; .end | seconds | " \(.)")
