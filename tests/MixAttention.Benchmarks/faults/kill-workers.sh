#!/bin/bash
# Runs one job twice, with one worker that nobody disturbs and with three of which one is killed (SIGKILL) every few seconds and replaced,
# compares the results byte for byte, and counts the requests that ran more than once.
# Usage: kill-workers.sh MIXBATCH MODEL DOCUMENTS.jsonl[.gz] WORK [SECONDS BETWEEN KILLS]
# WORK keeps what was made: a calm run that is there is not made again, and a disturbed one that was interrupted goes on.
# A request that is running in two crashes runs alone from then on, and one that crashes alone is given up: so the job allows many attempts.
set -euo pipefail
mixbatch=$1 model=$2 documents=$3 work=$4 period=${5:-5}
job=(--model "$model" --created-at 2026-01-31T00:00:00Z --job-id job --max-attempts 1000)
worker=(--model "$model" --threads 1 --memory 512MiB --lock-seconds 10 --checkpoint-seconds 1)

mkdir -p "$work"
input=$work/documents.jsonl
case $documents in *.gz) gzip -dc "$documents" > "$input" ;; *) cp "$documents" "$input" ;; esac

seconds_since() { awk -v from="$1" -v to="$(date +%s.%N)" 'BEGIN { printf "%.1f", to - from }'; }

# 1. The calm run.
if [ ! -e "$work/calm-results/output.jsonl" ]; then
  rm -rf "$work/calm"
  "$mixbatch" submit "$input" --store "$work/calm" "${job[@]}" > /dev/null
  began=$(date +%s.%N)
  "$mixbatch" worker --store "$work/calm" "${worker[@]}" --idle-seconds 0 2> "$work/calm.log"
  echo "calm: one worker, $(seconds_since "$began") s"
  "$mixbatch" results --store "$work/calm" -o "$work/calm-results" || true
fi

# 2. The disturbed one. Each worker has a log of its own, which outlives it.
rm -rf "$work/results"
mkdir -p "$work/logs"
[ -e "$work/store" ] || "$mixbatch" submit "$input" --store "$work/store" "${job[@]}" > /dev/null
lives=$(find "$work/logs" -name '*.log' | wc -l)
pids=(0 0 0)
start() { # Starts the worker in a place.
  lives=$((lives + 1))
  "$mixbatch" worker --store "$work/store" "${worker[@]}" --idle-seconds 15 > "$work/logs/$lives.out" 2> "$work/logs/$lives.log" &
  pids[$1]=$!
}
is_finished() { "$mixbatch" status --store "$work/store" --json | grep -q '"status":"completed"'; }

trap 'kill -KILL "${pids[@]}" 2> /dev/null || true' EXIT
began=$(date +%s.%N)
for place in 0 1 2; do start $place; done
kills=$(cat "$work/kills" 2> /dev/null || echo 0)
while sleep "$period" && ! is_finished; do
  place=$((kills % 3))
  kill -KILL "${pids[$place]}" 2> /dev/null && kills=$((kills + 1)) && echo $kills > "$work/kills" || true
  wait "${pids[$place]}" 2> /dev/null || true
  start $place
done
echo "disturbed: three workers, $kills kills, $lives lives, $(seconds_since "$began") s this time, one killed every $period s"
for pid in "${pids[@]}"; do kill -TERM "$pid" 2> /dev/null || true; done
wait "${pids[@]}" 2> /dev/null || true

# 3. The comparison.
"$mixbatch" results --store "$work/store" -o "$work/results" || true
"$mixbatch" status --store "$work/store"
for file in output.jsonl errors.jsonl; do
  cmp "$work/calm-results/$file" "$work/results/$file" && echo "$file: the same bytes, sha256 $(sha256sum < "$work/results/$file" | cut -c1-16), $(wc -l < "$work/results/$file") lines"
done
awk -F'[ ;]+' '/requests are finished already/ { kept += $2; again += $9; claims++ } END { print claims + 0, "shards were taken over from the dead:", kept + 0, "requests found in checkpoints,", again + 0, "were running and ran again" }' "$work"/logs/*.log
