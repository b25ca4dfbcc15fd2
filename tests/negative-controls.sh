#!/usr/bin/env bash
# Switches each guard off in turn, in a copy of the repository, and runs the tests that are to turn red without it.
# Usage: negative-controls.sh [PATTERN]     PATTERN takes the guards whose names contain it.
# Fails when tests stay green, when they are red with all guards on, or when an edit no longer fits the source: then this script must follow the source.
# Works on the last commit. Takes minutes: each guard is a build. Not part of the checks of every change.
set -euo pipefail
pattern=${1:-}
repository=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
scratch=$(mktemp -d)
trap 'git -C "$repository" worktree remove --force "$scratch/copy" 2> /dev/null || true; rm -rf "$scratch"' EXIT
git -C "$repository" worktree add --quiet --detach "$scratch/copy" HEAD
cd "$scratch/copy"
problems=0
declare -A is_green

# Builds a test project and runs some of its classes. What is built unwell is an error of its own.
run() { # PROJECT CLASSES
  dotnet build "tests/$1" -c Release -m:1 -v q --nologo -p:RunAnalyzers=false -p:TreatWarningsAsErrors=false > "$scratch/build.log" 2>&1 || { tail -n 20 "$scratch/build.log"; return 2; }
  local classes=() class
  for class in $2; do classes+=(-class "*.$class"); done
  "tests/$1/bin/Release/net10.0/$1" "${classes[@]}" -noColor > "$scratch/tests.log" 2>&1
}

control() { # GUARD PROJECT CLASSES FILE OLD NEW
  local guard=$1 project=$2 classes=$3 file=$4 result=0
  [[ $guard == *"$pattern"* ]] || return 0
  if [ -z "${is_green[$project/$classes]-}" ]; then
    if ! run "$project" "$classes"; then
      echo "NOT GREEN  $guard: with all guards on, $project ($classes) fails"
      tail -n 5 "$scratch/tests.log"
      problems=$((problems + 1))
      return 0
    fi
    is_green[$project/$classes]=1
  fi

  if ! OLD=$5 NEW=$6 perl -0777 -i -pe '$n = s/\Q$ENV{OLD}\E/$ENV{NEW}/g; END { exit($n == 1 ? 0 : 1) }' "$file"; then
    echo "NO FIT     $guard: $file does not hold the edit's text once"
    problems=$((problems + 1))
    git checkout --quiet -- src
    return 0
  fi

  run "$project" "$classes" || result=$?
  case $result in
    0) echo "STAYS GREEN $guard: $project ($classes)"; problems=$((problems + 1)) ;;
    2) echo "NO BUILD   $guard"; problems=$((problems + 1)) ;;
    *) echo "red        $guard: $(grep -c '\[FAIL\]' "$scratch/tests.log" || true) tests of $classes" ;;
  esac
  git checkout --quiet -- src
  touch "$file"
}

batch=MixAttention.Batch.Tests
worker=src/MixAttention.Batch/Worker shards=src/MixAttention.Batch/Shards

control "put-if-absent of the part" $batch "BatchWorkerTests InterleavingTests" $worker/ShardSession.cs \
  'PutIfAbsentAsync(job.Artifacts.Part(shard), part, lost)' 'PutIfMatchAsync(job.Artifacts.Part(shard), null, part, lost)'
control "fencing by generation" $batch "ShardOwnershipTests BatchWorkerTests InterleavingTests" $shards/ShardOwnership.cs \
  'if (found is not { } now || now.State.Generation != State.Generation || now.State.Owner != State.Owner)' 'if (found is null)'
control "ETag of the state at a claim" $batch "ShardOwnershipTests InterleavingTests" $shards/ShardOwnership.cs \
  'PutIfMatchAsync(name, former.Value.ETag, json, cancellationToken)' 'PutIfMatchAsync(name, null, json, cancellationToken)'
control "ETag of the state when a shard is done" $batch "ShardOwnershipTests InterleavingTests" $shards/ShardOwnership.cs \
  'PutIfMatchAsync(_name, _etag, ' 'PutIfMatchAsync(_name, null, '
control "no claim of a shard that is done" $batch "InterleavingTests" $shards/ShardOwnership.cs \
  'former is { State.Status: ShardStatus.Done } && ' 'former is { State.Generation: < 0 } && '
control "part looked for after the claim" $batch "InterleavingTests" $worker/ShardSession.cs \
  'stop).ConfigureAwait(false) is { } late)' 'stop).ConfigureAwait(false) is { Bytes.Length: 0 } late)'
control "checkpoint read again after the claim" $batch "InterleavingTests" $worker/ShardSession.cs \
  'history = await history.ReadAgainAsync(worker.Store, job.Artifacts, message.Shard, job.Fingerprint, stop).ConfigureAwait(false);' ''
control "trace before part" $batch "ShardTraceTests" $worker/ShardSession.cs \
  'await trace.WriteAsync(requests, run, isWhole: true, lost).ConfigureAwait(false);
                    return await CommitAsync(job, segment.Run, ownership, run.Lines, lost).ConfigureAwait(false);' \
  'var outcome = await CommitAsync(job, segment.Run, ownership, run.Lines, lost).ConfigureAwait(false);
                    await trace.WriteAsync(requests, run, isWhole: true, lost).ConfigureAwait(false);
                    return outcome;'
control "fingerprint of the job at a resumption" $batch "LocalRunTests" src/MixAttention.Batch/Jobs/JobSubmission.cs \
  'JobFingerprint.Differences(job, asked) is { Count: > 0 } differences' 'JobFingerprint.Differences(job, asked) is { Count: > 1000 } differences'
control "fingerprint of a checkpoint" $batch "ShardOwnershipTests" $shards/ShardHistory.cs \
  '(fingerprint is not null && segment.Header.Fingerprint != fingerprint)' 'false'
control "digest of a checkpoint" $batch "CheckpointSegmentTests WorkerFaultTests" $shards/CheckpointSegment.cs \
  'if (trailer?.Sha256 != Convert.ToHexStringLower(SHA256.HashData(file.Span[..trailerStart])))' 'if (trailer is null)'
control "digest of a stored line" $batch "LinesRunTests" $worker/StoredLine.cs \
  'row.Id == entry.Id && row.Sha256 == entry.Sha256' 'true'
control "loss of the lock" $batch "LockRenewerTests" $worker/LockRenewer.cs \
  'await _lost.CancelAsync().ConfigureAwait(false);
        }
    }' '}
    }'
control "renewal of the lock" $batch "LockRenewerTests" $worker/LockRenewer.cs \
  'await _queue.RenewAsync(_delivery, _stop.Token).ConfigureAwait(false);' ''
control "suspects run alone" $batch "ShardOwnershipTests BatchWorkerTests SuspectWarningTests" $shards/ShardState.cs \
  'Crashes >= CrashesToSuspect' 'Crashes < 0'
control "poison is given up" $batch "BatchWorkerTests" $worker/ShardRun.cs \
  '?.CrashesAlone >= _job.Manifest.Limits.MaxAttempts' '?.CrashesAlone >= 1000'
control "message completed after the commit alone" $batch "SettlementTests WorkerFaultTests" $worker/Settlement.cs \
  'ShardOutcomeKind.EngineDead or ShardOutcomeKind.StoreUnavailable => new GiveBack(BackOff(failureCount), true)' 'ShardOutcomeKind.EngineDead or ShardOutcomeKind.StoreUnavailable => new Complete()'
control "eviction from the window" MixAttention.Compute.Tests "PrefillAttentionTests" src/MixAttention.Compute/Attention/TileMask.cs \
  'window is { } w && tile + past - w > 0' 'window is { } w && w < 0'
control "reach of trimmed prefill" MixAttention.Model.Tests "PrefillTrimTests TrimmingTests" src/MixAttention.Model/Layouts/PrefillTrim.cs \
  'needed = Math.Min(promptLength, Math.Max(needed, asked[layer]));' 'needed = Math.Min(promptLength, needed);'

[ "$problems" -eq 0 ] || { echo "$problems guards are not shown."; exit 1; }
