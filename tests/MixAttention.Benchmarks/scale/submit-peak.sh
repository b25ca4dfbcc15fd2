#!/bin/sh
# Prints the peak memory and the time of submitting a batch file of 500,000 lines and a folder of 1,000,000 documents.
# usage: submit-peak.sh MIXBATCH MODEL FOLDER
#   MIXBATCH  the executable
#   MODEL     a model folder; only its tokenizer and headers are read
#   FOLDER    a new folder for what is made, on a disk with 2 GB and a million names free; removed by the caller
# Needs GNU time. The documents are links to few files: what counts is their number.
set -eu
mixbatch=$1 model=$2 folder=$3
mkdir "$folder"
cd "$folder"

measure() {
    what=$1
    shift
    /usr/bin/time -f "$what: %M kB at most, %e s" "$mixbatch" "$@" --model "$model" --store "$folder/jobs" > /dev/null
}

awk 'BEGIN {
    srand(1)
    for (i = 0; i < 500000; i++) {
        text = "Report " i
        for (n = 10 + int(rand() * 110); n > 0; n--)
            text = text " pressure"
        printf "{\"custom_id\":\"request-%07d\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{\"model\":\"demo\",\"max_tokens\":16,\"messages\":[{\"role\":\"system\",\"content\":\"Answer in one line.\"},{\"role\":\"user\",\"content\":\"%s\"}]}}\n", i, text
    }
}' > requests.jsonl

mkdir sources template documents
for source in $(seq 0 19); do
    echo "Document $source: the pressure fell in line seven at dawn." > "sources/$source.txt"
done
for number in $(seq -w 0 999); do
    ln "sources/$(echo "$number" | sed 's/^0*\(.\)/\1/' | awk '{ print $1 % 20 }').txt" "template/document-$number.txt"
done
for group in $(seq -w 0 999); do
    cp -rl template "documents/$group"
done

echo "One document." > one.txt
measure "one document" submit one.txt
measure "500,000 lines" submit requests.jsonl --served-model-name demo --job-id lines
measure "the same lines again" submit requests.jsonl --served-model-name demo --job-id lines
measure "1,000,000 documents" submit documents --job-id documents
measure "the same documents again" submit documents --job-id documents
