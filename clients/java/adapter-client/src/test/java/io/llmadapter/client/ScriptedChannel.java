package io.llmadapter.client;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A channel without a network: each call that is started does the next step of the script. It never says that it is shut down. */
final class ScriptedChannel extends ManagedChannel {

  private final Queue<Consumer<ClientCall.Listener<?>>> steps = new ArrayDeque<>();
  private Runnable termination = () -> {};

  /** Adds a step: what the next call does when it is started. */
  void onStart(Consumer<ClientCall.Listener<?>> step) {
    steps.add(step);
  }

  /** Sets what happens while somebody waits for the channel to end. */
  void onTermination(Runnable termination) {
    this.termination = termination;
  }

  @Override
  public <Q, A> ClientCall<Q, A> newCall(MethodDescriptor<Q, A> method, CallOptions options) {
    return new ClientCall<Q, A>() {
      @Override
      public void start(Listener<A> listener, Metadata headers) {
        steps.remove().accept(listener);
      }

      @Override
      public void request(int messages) {}

      @Override
      public void cancel(String message, Throwable cause) {}

      @Override
      public void halfClose() {}

      @Override
      public void sendMessage(Q message) {}
    };
  }

  @Override
  public String authority() {
    return "scripted";
  }

  @Override
  public ManagedChannel shutdown() {
    return this;
  }

  @Override
  public ManagedChannel shutdownNow() {
    return this;
  }

  @Override
  public boolean isShutdown() {
    return false;
  }

  @Override
  public boolean isTerminated() {
    return true;
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) {
    termination.run();
    return true;
  }
}
