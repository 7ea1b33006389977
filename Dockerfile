# docker build -t processhub-operator:0.1.0 .
FROM debian:bookworm-slim AS build
WORKDIR /src
# First what rarely changes, so that the packages are installed once.
COPY dev ./
RUN apt-get update && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $(./dev packages)
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY operator operator
RUN cmake --preset release -DPROCESSHUB_TESTS=OFF && \
    cmake --build --preset release --target processhub-operator && \
    strip build/release/operator/processhub-operator

FROM debian:bookworm-slim
RUN apt-get update && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      ca-certificates libcpp-httplib0.11 libcpprest2.10 libprometheus-cpp-core1.0 libspdlog1.10 \
      libssl3 libxxhash0 libyaml-cpp0.7 && \
    rm -rf /var/lib/apt/lists/*
COPY --from=build /src/build/release/operator/processhub-operator /usr/local/bin/
# A number, so that runAsNonRoot can be checked without /etc/passwd.
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/processhub-operator"]
