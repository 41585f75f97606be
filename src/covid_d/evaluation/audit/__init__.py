"""The shortcut audit: whether a bundle looks at lungs, and the verdict it earns."""

from covid_d.evaluation.audit.card import write_verdict
from covid_d.evaluation.audit.evidence import AuditResult
from covid_d.evaluation.audit.report import audit_page
from covid_d.evaluation.audit.run import audit
from covid_d.evaluation.audit.thresholds import THRESHOLDS, Thresholds

__all__ = ["THRESHOLDS", "AuditResult", "Thresholds", "audit", "audit_page", "write_verdict"]
