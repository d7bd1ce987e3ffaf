package com.acme.monolith;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.llmadapter.client.AdapterClient;
import io.llmadapter.client.JobRequest;
import java.util.LinkedHashMap;
import java.util.Map;
import llmadapter.classifyticket.Triage;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

/** Classifies a ticket while the caller waits. */
@RestController
public class Tickets {

  private final AdapterClient adapter;
  private final ObjectMapper json;

  public Tickets(AdapterClient adapter, ObjectMapper json) {
    this.adapter = adapter;
    this.json = json;
  }

  /** The ticket's own number makes the request id: whoever asks again gets the first answer, and no model is paid twice. */
  @PostMapping("/tickets/{number}/triage")
  public Map<String, Object> triage(@PathVariable("number") String number, @RequestBody String ticket) {
    JobRequest request = JobRequest.builder("classify-ticket").requestId("ticket-" + number).json(ticket).build();
    Triage triage = adapter.runJob(request).as(Triage.class, json::readValue);
    Map<String, Object> answer = new LinkedHashMap<>(triage.toMap());
    answer.put("desk", deskOf(triage));
    return answer;
  }

  private static String deskOf(Triage triage) {
    switch (triage.team()) {
      case ACCOUNTS:
        return "3rd floor";
      case UNKNOWN: // a team that the contract got after this jar was built
        return "front desk: " + triage.getTeam();
      default:
        return "ground floor";
    }
  }
}
