# syntax=docker/dockerfile:1
#
# The image of mixbatch: worker pods and one-off jobs alike.
#
#   docker build --build-arg LibTorch=cpu -t mixbatch:cpu .      a CPU is enough
#   docker build -t mixbatch:cuda .                              NVIDIA GPUs; the driver comes from the host (NVIDIA's container toolkit or AKS's device plugin)
#   docker build --target sbom --output . .                      mixbatch.cdx.json alone
#   docker buildx build --sbom=true --provenance=mode=max …      the same with attestations for a registry
#
#   docker run --rm --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges mixbatch:cpu doctor
#
# For a CPU it holds 482 MB in /app (libtorch 450, the demo 11, all else 21), 106 MB of .NET and ASP.NET, and the base image's libraries; /app compresses to 120 MB.
# Nothing but /tmp is written (TMPDIR names another folder): a working copy of the tokenizer, a few megabytes while a model loads. Jobs and models are mounted or remote.

# Both are fixed by digest. For other ones look up `docker buildx imagetools inspect IMAGE --format '{{.Manifest.Digest}}'` and give --build-arg SdkImage=… and RuntimeImage=….
ARG SdkImage=mcr.microsoft.com/dotnet/sdk:10.0.401-noble@sha256:e70cdb7f80b0348f5cb85f19a8f670fca061f033d57eed12fa003d58b0e06317
# Chiseled Ubuntu 24.04: glibc, libstdc++, OpenSSL, certificates and ASP.NET, no shell and no package manager. Its libstdc++ (GLIBCXX 3.4.33) is as new as libtorch asks for.
ARG RuntimeImage=mcr.microsoft.com/dotnet/aspnet:10.0.12-noble-chiseled@sha256:48e51f2f6798897be7ac4e775c049ed8fe60d3190f637e1f9c9dc7513efa659c

FROM ${SdkImage} AS build
# cpu: libtorch for the CPU, restored as the lock files say. cuda: TorchSharp's CUDA packages, which have no lock files.
ARG LibTorch=cuda
# Locks the restore, makes the build deterministic.
ENV CI=true DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 NUGET_PACKAGES=/packages
WORKDIR /source
COPY global.json Directory.Build.props Directory.Build.targets Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY src/ src/
RUN --mount=type=cache,target=/packages \
    dotnet restore src/MixAttention.Batch.Cli -p:LibTorch=${LibTorch}
RUN --mount=type=cache,target=/packages \
    dotnet publish src/MixAttention.Batch.Cli -c Release --no-restore -p:LibTorch=${LibTorch} -p:PublishDocumentationFiles=false -o /app
# What the image holds, as scanners read it.
RUN --mount=type=cache,target=/packages \
    dotnet tool install CycloneDX --version 6.3.1 --tool-path /tools && \
    /tools/dotnet-CycloneDX src/MixAttention.Batch.Cli/MixAttention.Batch.Cli.csproj --recursive --disable-package-restore --output-format Json --output /sbom --filename mixbatch.cdx.json

FROM scratch AS sbom
COPY --from=build /sbom/mixbatch.cdx.json /

FROM ${RuntimeImage} AS final
ARG Version=0.1.0
ARG Revision=unknown
LABEL org.opencontainers.image.title="mixbatch" \
      org.opencontainers.image.description="Runs language models with sliding-window attention and shared KV caches over large sets of long documents." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${Version}" \
      org.opencontainers.image.revision="${Revision}"
COPY --from=build /app /app
COPY --from=build /sbom/mixbatch.cdx.json /usr/share/sbom/mixbatch.cdx.json
COPY LICENSE /usr/share/doc/mixbatch/LICENSE

# No debugger or profiler attaches (that would open a socket in /tmp), libtorch's threads sleep while they wait, and NVIDIA's runtime, where it is, lends what computing takes.
ENV HOME=/tmp \
    DOTNET_EnableDiagnostics=0 \
    OMP_WAIT_POLICY=PASSIVE \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility

# Nobody's account: numeric, so that Kubernetes can see that it is not root's.
USER 10001:10001
WORKDIR /tmp

# Most commands end by themselves, and there is no curl to ask a worker with: whoever runs one asks its --health-port (/healthz/live), as the chart's probes do.
HEALTHCHECK NONE

# SIGTERM gives running requests --drain-seconds to finish.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/app/mixbatch"]
CMD ["--help"]
