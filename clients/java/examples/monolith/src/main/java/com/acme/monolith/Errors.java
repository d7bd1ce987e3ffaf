package com.acme.monolith;

import io.llmadapter.client.AdapterException;
import io.llmadapter.client.Reasons;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;

/** What the monolith's own callers are told: by reason, never by message, which is for developers. */
@RestControllerAdvice
public class Errors {

  @ExceptionHandler
  public ResponseEntity<Map<String, Object>> onAdapter(AdapterException error) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("reason", error.reason());
    body.put("fields", error.violations().stream().map(each -> each.pointer()).collect(Collectors.toList()));
    return ResponseEntity.status(statusOf(error)).body(body);
  }

  private static HttpStatus statusOf(AdapterException error) {
    if (error.isRetryable()) {
      return HttpStatus.SERVICE_UNAVAILABLE;
    }
    switch (error.reason()) {
      case Reasons.INPUT_INVALID:
      case Reasons.PAYLOAD_UNREADABLE:
        return HttpStatus.UNPROCESSABLE_ENTITY;
      default:
        return HttpStatus.BAD_GATEWAY;
    }
  }
}
