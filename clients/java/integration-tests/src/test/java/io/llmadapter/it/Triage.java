package io.llmadapter.it;

/** Where a ticket goes, as a monolith would have it. */
public final class Triage {

  public String summary;
  public String category;
  public String team;
  public String priority;
  public String sentiment;
}
