package io.llmadapter.testkit;

import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * A fake adapter in this process, on a free port of the loopback. It speaks the real protocol, remembers request ids, and
 * answers by script; it knows no contracts, so whatever record comes, the script answers.
 *
 * <pre>{@code
 * try (FakeAdapter fake = FakeAdapter.start()) {
 *   fake.on("classify-ticket", Answer.document("{\"category\": \"BILLING\"}"));
 *   ... // a client of fake.target(), without TLS
 * }
 * }</pre>
 */
public final class FakeAdapter implements AutoCloseable {

  private static final InetSocketAddress LOOPBACK = new InetSocketAddress("127.0.0.1", 0);
  private static final int MESSAGE_BYTES = 16 * 1024 * 1024;
  private static final long STOP_SECONDS = 5;

  private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor(FakeAdapter::daemon);
  private final FakeJobs jobs = new FakeJobs(scheduler);
  private final Server server;

  private FakeAdapter(Builder builder) {
    server =
        NettyServerBuilder.forAddress(LOOPBACK, builder.credentials())
            .addService(new FakeJobService(jobs, scheduler))
            .intercept(new HeaderCapture(builder.apiKey))
            .maxInboundMessageSize(MESSAGE_BYTES)
            .permitKeepAliveTime(5, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .build();
    try {
      server.start();
    } catch (IOException exception) {
      throw new UncheckedIOException("The fake adapter cannot listen on the loopback.", exception);
    }
  }

  /** Starts a fake without TLS and without keys. */
  public static FakeAdapter start() {
    return builder().start();
  }

  /** Begins a fake. */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns the target for gRPC: {@code 127.0.0.1:port}. */
  public String target() {
    return "127.0.0.1:" + server.getPort();
  }

  /**
   * Adds an answer to the script of a task. Answers are given in their order, to one new request each; the last one holds for
   * all that follow. A repeat of a request id gets the answer of the first request again, as far as that is recorded.
   *
   * @param task the task's name, without a version
   */
  public FakeAdapter on(String task, Answer answer) {
    Objects.requireNonNull(answer, "answer");
    return on(task, request -> answer);
  }

  /** As {@link #on(String, Answer)}, with an answer that depends on the request. */
  public FakeAdapter on(String task, Function<ReceivedRequest, Answer> answer) {
    jobs.script(Objects.requireNonNull(task, "task"), Objects.requireNonNull(answer, "answer"));
    return this;
  }

  /** Returns the requests of RunJob and SubmitJob so far, repeats included, in their order. Unmodifiable. */
  public List<ReceivedRequest> requests() {
    return jobs.received();
  }

  /** Returns how many jobs were begun: requests less their repeats, which is what a model would have been asked. */
  public int runs() {
    return jobs.runs();
  }

  /** Forgets script, jobs and requests. */
  public void reset() {
    jobs.clear();
  }

  /** Ends the fake, and the calls that still run. */
  @Override
  public void close() {
    server.shutdownNow();
    scheduler.shutdownNow();
    try {
      server.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException exception) {
      Thread.currentThread().interrupt();
    }
  }

  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(work, "fake-adapter");
    thread.setDaemon(true);
    return thread;
  }

  /** Collects how a fake is reached. */
  public static final class Builder {

    private Path certificateChain;
    private Path privateKey;
    private Path clientAuthorities;
    private String apiKey;

    private Builder() {}

    /** Speaks TLS with this certificate: PEM files of the chain and its unencrypted PKCS#8 key. Default: no TLS. */
    public Builder tls(Path chainPem, Path keyPem) {
      this.certificateChain = Objects.requireNonNull(chainPem, "chainPem");
      this.privateKey = Objects.requireNonNull(keyPem, "keyPem");
      return this;
    }

    /** Asks callers for a certificate signed by one of these, a PEM file; needs tls. Default: not asked for. */
    public Builder requireClientCertificate(Path authoritiesPem) {
      this.clientAuthorities = Objects.requireNonNull(authoritiesPem, "authoritiesPem");
      return this;
    }

    /** Refuses calls without this API key as UNAUTHENTICATED. Default: every call is taken. */
    public Builder requireApiKey(String apiKey) {
      this.apiKey = Objects.requireNonNull(apiKey, "apiKey");
      return this;
    }

    /**
     * Starts the fake.
     *
     * @throws UncheckedIOException if it cannot listen, or a certificate or key cannot be read
     */
    public FakeAdapter start() {
      return new FakeAdapter(this);
    }

    private ServerCredentials credentials() {
      if (certificateChain == null) {
        return InsecureServerCredentials.create();
      }
      try {
        TlsServerCredentials.Builder tls =
            TlsServerCredentials.newBuilder().keyManager(certificateChain.toFile(), privateKey.toFile());
        if (clientAuthorities != null) {
          tls.trustManager(clientAuthorities.toFile()).clientAuth(TlsServerCredentials.ClientAuth.REQUIRE);
        }
        return tls.build();
      } catch (IOException exception) {
        throw new UncheckedIOException("A certificate or key cannot be read: " + exception.getMessage(), exception);
      }
    }
  }
}
