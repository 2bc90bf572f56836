"""What CI systems read: JUnit, annotations of GitHub, code quality of GitLab, SARIF."""
