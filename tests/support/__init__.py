"""What the tests share: their environment, the scripted Messages API, the client's runner and project builders."""
