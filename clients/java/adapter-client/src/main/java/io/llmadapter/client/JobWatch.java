package io.llmadapter.client;

import java.util.concurrent.CompletableFuture;

/** A job that is being watched. Closing it ends the watch, not the job. */
public interface JobWatch extends AutoCloseable {

  /**
   * Waits for the outcome.
   *
   * @return the final job, also one that FAILED or was CANCELLED
   * @throws AdapterException if the job cannot be watched: JOB_NOT_FOUND, or DEADLINE_EXCEEDED when the watch's time is over
   * @throws RuntimeException what the listener threw
   */
  Job await();

  /**
   * Returns a future of the outcome, which ends as {@link #await()} does. Cancelling it ends the watch.
   */
  CompletableFuture<Job> outcome();

  /** Ends the watch; who waits for it gets CALL_ABANDONED. Does nothing when it has ended. */
  @Override
  void close();
}
