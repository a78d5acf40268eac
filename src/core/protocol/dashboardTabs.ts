/** The dashboard's tabs, in their order. */
export const DASHBOARD_TABS = ["charts", "samples", "quality", "log", "config"] as const;
export type DashboardTab = (typeof DASHBOARD_TABS)[number];
