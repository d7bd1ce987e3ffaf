package io.llmadapter.client;

import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Collects the options of a client. Without any but the target, it speaks TLS with the certificates that the JDK trusts. */
public final class AdapterClientBuilder {

  /** What the adapter sends and takes at most. */
  private static final int MESSAGE_BYTES = 16 * 1024 * 1024;

  private static final int METADATA_BYTES = 16 * 1024;
  private static final Duration SHORTEST_KEEP_ALIVE = Duration.ofSeconds(10);

  private final CallHeaders headers = new CallHeaders();
  private String target;
  private boolean plaintext;
  private Path trusted;
  private Path certificateChain;
  private Path privateKey;
  private String authority;
  private Duration defaultDeadline = Duration.ofSeconds(60);
  private int maxRetries = 4;
  private Duration firstBackoff = Duration.ofMillis(200);
  private Duration longestBackoff = Duration.ofSeconds(5);
  private Duration keepAlive = Duration.ofSeconds(30);
  private String loadBalancing = "round_robin";
  private String userAgent = "llm-adapter-java";
  private Executor executor;

  AdapterClientBuilder() {}

  /**
   * Sets where the adapter is: {@code host:port}, or with three slashes {@code dns:///adapter.prod:50051}. Default: none; a
   * client needs one.
   */
  public AdapterClientBuilder target(String target) {
    this.target = Objects.requireNonNull(target, "target");
    return this;
  }

  /** Speaks without TLS, for loopback and for networks that encrypt by themselves. Default: TLS. */
  public AdapterClientBuilder plaintext() {
    this.plaintext = true;
    return this;
  }

  /** Sets the certificates to trust, a PEM file read by {@link #build()}. Default: those that the JDK trusts. */
  public AdapterClientBuilder trust(Path certificatesPem) {
    this.trusted = Objects.requireNonNull(certificatesPem, "certificatesPem");
    return this;
  }

  /**
   * Shows a certificate of its own to the adapter (mutual TLS): PEM files of the chain and of its unencrypted PKCS#8 key, read
   * by {@link #build()}; after a renewal build another client. Default: none.
   */
  public AdapterClientBuilder clientCertificate(Path chainPem, Path keyPem) {
    this.certificateChain = Objects.requireNonNull(chainPem, "chainPem");
    this.privateKey = Objects.requireNonNull(keyPem, "keyPem");
    return this;
  }

  /** Sets the name that the adapter's certificate must have, where it is not that of the target. Default: the target's. */
  public AdapterClientBuilder authority(String authority) {
    this.authority = Objects.requireNonNull(authority, "authority");
    return this;
  }

  /** Sends an API key; asked for before every call, so that a renewed key is used at once. Default: none. */
  public AdapterClientBuilder apiKey(Supplier<String> apiKey) {
    headers.add("x-api-key", "", apiKey);
    return this;
  }

  /** Sends a bearer token (JWT); asked for before every call, so that a renewed token is used at once. Default: none. */
  public AdapterClientBuilder bearerToken(Supplier<String> token) {
    headers.add("authorization", "Bearer ", token);
    return this;
  }

  /**
   * Sends a header of printable ASCII, for example {@code traceparent}; asked for before every call, null: not this time.
   * Default: none.
   */
  public AdapterClientBuilder header(String name, Supplier<String> value) {
    headers.add(name, "", value);
    return this;
  }

  /** Sets how long a call takes at most, retries included, if its request says nothing. Default: 60 seconds. */
  public AdapterClientBuilder defaultDeadline(Duration defaultDeadline) {
    this.defaultDeadline = Checks.positive(defaultDeadline, "defaultDeadline");
    return this;
  }

  /**
   * Sets how often a call is repeated, within its deadline, when the adapter cannot be reached or asks for patience. 0: never.
   * Default: 4.
   */
  public AdapterClientBuilder maxRetries(int maxRetries) {
    if (maxRetries < 0) {
      throw new IllegalArgumentException("maxRetries must be at least 0, not " + maxRetries + ".");
    }
    this.maxRetries = maxRetries;
    return this;
  }

  /**
   * Sets the pause before the first retry, which doubles with each further one up to the longest; where the adapter says how
   * long to wait, that counts instead. Default: 200 milliseconds, at most 5 seconds.
   */
  public AdapterClientBuilder retryBackoff(Duration first, Duration longest) {
    this.firstBackoff = Checks.positive(first, "first");
    this.longestBackoff = Checks.positive(longest, "longest");
    return this;
  }

  /**
   * Sets how long a connection with a running call is silent before it is probed, so that a dead one is noticed; at least 10
   * seconds. Default: 30 seconds.
   */
  public AdapterClientBuilder keepAlive(Duration keepAlive) {
    if (Checks.positive(keepAlive, "keepAlive").compareTo(SHORTEST_KEEP_ALIVE) < 0) {
      throw new IllegalArgumentException("keepAlive must be at least 10 seconds, not " + keepAlive + ": gRPC takes no less.");
    }
    this.keepAlive = keepAlive;
    return this;
  }

  /**
   * Sets how calls are spread over the addresses of the target: "round_robin" or "pick_first". Default: "round_robin".
   */
  public AdapterClientBuilder loadBalancing(String policy) {
    this.loadBalancing = Objects.requireNonNull(policy, "policy");
    return this;
  }

  /** Sets how this program is named to the adapter. Default: "llm-adapter-java". */
  public AdapterClientBuilder userAgent(String userAgent) {
    this.userAgent = Objects.requireNonNull(userAgent, "userAgent");
    return this;
  }

  /**
   * Sets where answers are handled: listeners of watches, and what follows on futures. Default: threads of gRPC, as many as
   * needed.
   */
  public AdapterClientBuilder executor(Executor executor) {
    this.executor = Objects.requireNonNull(executor, "executor");
    return this;
  }

  /**
   * Returns the client. Connects at the first call.
   *
   * @throws IllegalStateException if there is no target, or options contradict each other
   * @throws UncheckedIOException if a certificate or key cannot be read
   */
  public AdapterClient build() {
    if (target == null) {
      throw new IllegalStateException("A client needs the address of the adapter: set target(\"host:port\").");
    }
    if (plaintext && (trusted != null || certificateChain != null)) {
      throw new IllegalStateException("plaintext() contradicts trust(…) and clientCertificate(…): leave one of them out.");
    }
    Retries retries = new Retries(maxRetries, firstBackoff, longestBackoff);
    return new GrpcAdapterClient(channel(), headers.copy(), retries, defaultDeadline);
  }

  private ManagedChannel channel() {
    ManagedChannelBuilder<?> channel =
        Grpc.newChannelBuilder(target, credentials())
            .defaultLoadBalancingPolicy(loadBalancing)
            .disableRetry() // One owner of retries: ours also takes requests over 1 MiB, and keeps within the deadline.
            .keepAliveTime(keepAlive.toMillis(), TimeUnit.MILLISECONDS)
            .maxInboundMessageSize(MESSAGE_BYTES)
            .maxInboundMetadataSize(METADATA_BYTES)
            .userAgent(userAgent);
    if (authority != null) {
      channel.overrideAuthority(authority);
    }
    if (executor != null) {
      channel.executor(executor);
    }
    return channel.build();
  }

  private ChannelCredentials credentials() {
    if (plaintext) {
      return InsecureChannelCredentials.create();
    }
    TlsChannelCredentials.Builder tls = TlsChannelCredentials.newBuilder();
    try {
      if (trusted != null) {
        tls.trustManager(trusted.toFile());
      }
      if (certificateChain != null) {
        tls.keyManager(certificateChain.toFile(), privateKey.toFile());
      }
    } catch (IOException exception) {
      throw new UncheckedIOException("A certificate or key cannot be read: " + exception.getMessage(), exception);
    }
    return tls.build();
  }
}
