#!/usr/bin/env bash
# Runs llama.cpp and mixbatch in turns on the same weights and the same prompt ids, and prints their medians as a table.
# The peer is not part of this repository: PEER holds its harness `lbench`, MODELS its `NAME.gguf` beside the folder `NAME`
# (config.json, model.safetensors) with equal numbers. Compare only runs with little "other CPU": llama.cpp spins at its barriers.
set -euo pipefail

usage="usage: compare-llamacpp.sh [--runs N] [--threads N] [--model NAME] [--workload NxP+G]... PEER MODELS [lbench options...]"
runs=3 threads=$(nproc) model=mid-bf16 workloads=()
while [[ ${1-} == --* ]]; do
  [ $# -ge 2 ] || { echo "$usage" >&2; exit 2; }
  case $1 in
    --runs) runs=$2 ;; --threads) threads=$2 ;; --model) model=$2 ;; --workload) workloads+=("$2") ;;
    *) echo "$1 is no option. $usage" >&2; exit 2 ;;
  esac
  shift 2
done
[ $# -ge 2 ] || { echo "$usage" >&2; exit 2; }
peer=$1 models=$2
shift 2
[ ${#workloads[@]} -gt 0 ] || workloads=(4x4096+64 16x1024+128 32x512+256)
for file in "$peer/lbench" "$models/$model.gguf" "$models/$model/config.json"; do
  [ -e "$file" ] || { echo "$file does not exist. $usage" >&2; exit 2; }
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
dotnet build -c Release -v quiet --nologo "$root/src/MixAttention.Batch.Cli" >&2
mixbatch=$root/src/MixAttention.Batch.Cli/bin/Release/net10.0/mixbatch
lines=$(mktemp -d)
trap 'rm -rf "$lines"' EXIT

# numbers FILE FIELD: the field's numbers in ascending order
numbers() { sed -n "s/.*\"$2\":\([0-9.eE+-]*\).*/\1/p" "$1" | sort -g; }
# median FILE FIELD FORMAT
median() { numbers "$1" "$2" | awk -v f="$3" '{ v[NR] = $1 } END { if (!NR) print "-"; else printf f, NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
range() { numbers "$1" wall_s | awk 'NR == 1 { low = $1 } END { printf "%.1f..%.1f", low, $1 }'; }

for workload in "${workloads[@]}"; do
  requests=${workload%x*} lengths=${workload#*x}
  for ((run = 1; run <= runs; run++)); do
    echo "$workload, run $run of $runs" >&2
    "$peer/lbench" --model "$models/$model.gguf" --n "$requests" --prompt "${lengths%+*}" --gen "${lengths#*+}" --threads "$threads" "$@" 2>/dev/null |
      tail -n 1 >> "$lines/llama-$workload"
    "$mixbatch" bench --model "$models/$model" --requests "$requests" --prompt-tokens "${lengths%+*}" --max-tokens "${lengths#*+}" --threads "$threads" 2>/dev/null |
      tail -n 1 >> "$lines/mix-$workload"
  done
done

cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
backend=$(sed -n 's/.*"backend":"\([^"]*\)".*/\1/p' "$lines/llama-${workloads[0]}" | head -n 1)
echo "$model, $threads threads, medians of $runs runs in turns; $cpu; llama.cpp with $backend; $(date -u +%F); commit $(git -C "$root" rev-parse --short HEAD)"
echo
echo "| workload | engine | prefill tok/s | decode tok/s | wall s (range) | total tok/s | times llama.cpp | KV MiB | peak RSS MiB | other CPU |"
echo "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"
for workload in "${workloads[@]}"; do
  base=$(median "$lines/llama-$workload" total_tok_s %.6f)
  for engine in llama mix; do
    file=$lines/$engine-$workload
    total=$(median "$file" total_tok_s %.6f)
    printf '| %s | %s | %s | %s | %s (%s) | %.0f | %s | %.0f | %.0f | %s |\n' "$workload" "$([ $engine = llama ] && echo llama.cpp || echo MixAttention.Batch)" \
      "$(median "$file" prefill_tok_s %.0f)" "$(median "$file" decode_tok_s %.0f)" "$(median "$file" wall_s %.1f)" "$(range "$file")" "$total" \
      "$(awk -v a="$total" -v b="$base" 'BEGIN { printf "%.2f", a / b }')" \
      "$(median "$file" kv_bytes %.0f | awk '{ print $1 / 1048576 }')" "$(median "$file" peak_rss_bytes %.0f | awk '{ print $1 / 1048576 }')" \
      "$(numbers "$file" other_cpu | tail -n 1)"
  done
done
