package io.llmadapter.client;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** Waits for futures in the caller's thread. */
final class Waiting {

  private Waiting() {}

  /** Returns what the future ends with, or throws what it fails with. An interrupt cancels it and stays set. */
  static <T> T on(CompletableFuture<T> future, String requestId) {
    try {
      return future.get();
    } catch (InterruptedException exception) {
      future.cancel(true);
      Thread.currentThread().interrupt();
      throw Failures.abandoned("The thread was interrupted", requestId, exception);
    } catch (CancellationException exception) {
      throw Failures.abandoned("The call was cancelled", requestId, exception);
    } catch (ExecutionException exception) {
      throw asSeenHere(exception.getCause());
    }
  }

  /** Returns the exception with the stack of this thread, which is the one that tells who called. */
  private static RuntimeException asSeenHere(Throwable failure) {
    if (failure instanceof AdapterException) {
      return ((AdapterException) failure).seenHere();
    }
    if (failure instanceof Error) {
      throw (Error) failure;
    }
    return failure instanceof RuntimeException ? (RuntimeException) failure : new IllegalStateException(failure);
  }
}
